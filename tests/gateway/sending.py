"""What the tests of the gateway say often: a source with a key, and events as it sends them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.kit.client import Client
from tests.kit.product import Product

# Events and answers are JSON of many shapes.
Json = dict[str, Any]


@dataclass
class Sender:
    """A source, as it shows its key."""

    http: httpx.AsyncClient
    id: str
    key: str

    async def send(self, body: object, **headers: str) -> httpx.Response:
        """The response to a body of JSON, or to bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(
            "/v1/events",
            content=content,
            headers={"authorization": f"Bearer {self.key}", "content-type": "application/json", **headers},
        )

    async def answers(self, *events: object) -> list[Json]:
        """The results of a list of events."""
        response = await self.send(list(events))
        assert response.status_code == 200, response.text
        results: list[Json] = response.json()["results"]
        assert len(results) == len(events)
        return results


async def a_source(product: Product, client: Client, **key: object) -> Sender:
    """A source with a key."""
    named = {"name": f"Shop {uuid4().hex[:8]}", "environment": "staging", "region": "eu"}
    source = (await client.send("RegisterSource", input=named))["source"]["id"]
    receipt = await client.send("IssueSourceKey", input={"id": source, "name": "first", **key})
    return Sender(product.http, source, receipt["key"])


def event(**more: object) -> Json:
    """A good event with the four members that it must have, and these."""
    return {
        "eventId": str(uuid4()),
        "eventType": "order.created",
        "timestamp": datetime.now(UTC).isoformat(),
        "data": {"payload": {"orderId": "o-1", "totalAmount": 12.5}, "metadata": {"channel": "web"}},
        **more,
    }


def fault(result: Json) -> tuple[str, str, list[str]]:
    """Rule, code and path of the first thing that is wrong with a rejected event."""
    assert result["status"] == "rejected", result
    first = result["violations"][0]
    return first["rule"], first["code"], first["path"]
