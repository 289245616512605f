"""What the tests of imports say often: somebody who sends files and has them imported."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

# Answers are JSON of many shapes.
Json = dict[str, Any]

FIELDS: list[Json] = [
    {"member": "eventType", "value": "order.created"},
    {"member": "timestamp", "column": "at", "kind": "INSTANT"},
    {"member": "payload.orderId", "column": "order"},
    {"member": "payload.totalAmount", "column": "amount", "kind": "NUMBER"},
]
"""What the columns of `table` mean."""
BAD = b'at,order,amount\n2026-03-01T12:00:00Z,o-1,1.50\nyesterday,o-2,2\n2026-03-01T12:00:00Z,o-3,"1,5"\nx\n'
"""A file with one good row, and three that are rejected."""
COUNTS = ("rows", "accepted", "duplicates", "rejected")


def table(rows: int, *, first: int = 0) -> bytes:
    """A file of good rows."""
    lines = (f"2026-03-01T12:00:00Z,o-{first + row},{row + 1}.50\n" for row in range(rows))
    return ("at,order,amount\n" + "".join(lines)).encode()


@dataclass
class Importer:
    """Somebody who imports files."""

    product: Product
    client: Client
    source: UUID

    async def post(self, content: bytes, name: str = "orders.csv") -> httpx.Response:
        """The response to a file."""
        headers = {"authorization": f"Bearer {self.client.token}"}
        return await self.product.http.post(
            "/v1/files", params={"name": name}, content=content, headers=headers
        )

    async def file(self, content: bytes, name: str = "orders.csv") -> str:
        """The id of a file that is sent."""
        response = await self.post(content, name)
        assert response.status_code == 201, response.text
        id: str = response.json()["id"]
        return id

    async def begin(self, content: bytes, **terms: Any) -> Json:
        """An import that is started, or its refusal."""
        file = await self.file(content)
        given = {"format": "CSV", "fields": FIELDS, **terms}
        receipt = await self.client.send(
            "StartImport", input={"fileId": file, "sourceId": str(self.source), **given}
        )
        found: Json = receipt.get("import", receipt)
        return found

    async def now(self, id: str) -> Json:
        """How an import stands."""
        found: Json = await self.client.send("Import", id=id)
        return found

    async def ended(self, id: str, *, as_: str = "FINISHED") -> Json:
        """How an import stands once it has ended, which is to be so."""

        async def over() -> bool:
            return (await self.now(id))["status"] not in ("RUNNING", "PAUSED")

        await until(over)
        found = await self.now(id)
        assert found["status"] == as_, found
        return found

    async def run(self, content: bytes, **terms: Any) -> list[int]:
        """The counts of an import, once it is finished: rows, accepted, duplicates, rejected."""
        begun = await self.begin(content, **terms)
        return counts(await self.ended(begun["id"]))


def counts(found: Json) -> list[int]:
    """Rows, and what became of them."""
    assert found["rows"] == found["accepted"] + found["duplicates"] + found["rejected"]
    return [found[name] for name in COUNTS]
