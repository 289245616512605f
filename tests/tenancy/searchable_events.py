"""Events of which something may be searched, sent with a source's key."""

from typing import Any
from uuid import uuid4

import httpx

from tests.tenancy.values import NOW


def schema_of(word: str) -> dict[str, Any]:
    """What registers their type: a text of metadata and a number of the payload are about no person."""
    campaign, amount = ({"type": kind, "x-searchable": True} for kind in ("string", "number"))
    parts = {
        "metadata": {"properties": {"campaign": campaign}},
        "payload": {"properties": {"amount": amount}},
    }
    return {"eventType": f"{word}.searched", "schema": {"type": "object", "properties": parts}}


async def send_by_key(http: httpx.AsyncClient, key: str, word: str) -> None:
    """Send one."""
    event = {
        "eventId": str(uuid4()),
        "eventType": f"{word}.searched",
        "timestamp": NOW.isoformat(),
        "data": {"payload": {"amount": 12.5}, "metadata": {"campaign": word}},
    }
    sent = await http.post("/v1/events", json=[event], headers={"authorization": f"Bearer {key}"})
    assert sent.json()["results"][0]["status"] == "accepted", sent.text
