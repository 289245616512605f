"""A worker killed at any point of an import: each row comes in once, and is counted once, as what it first was."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from app.entry.processes import enrolled
from app.gateway.imports.intake import NoRows
from app.storage.database import Database
from domain.gateway.import_runs import ImportRun
from tests.gateway.sending import Sender
from tests.imports.importing import Importer, counts
from tests.kit.client import Client
from tests.kit.process_worker import Child, product_child
from tests.kit.product import Product

pytestmark = pytest.mark.servers

UNIQUE, REPEATED, BAD = 520, 20, 10


def mixed() -> bytes:
    """Rows that are new, rows whose events stand in the same file before them, and rows that are rejected."""
    ids = [str(uuid4()) for _ in range(UNIQUE)]
    good = [
        {
            "eventId": id,
            "eventType": "order.created",
            "timestamp": "2026-03-01T12:00:00Z",
            "data": {"payload": {}},
        }
        for id in ids
    ]
    bad = [{**good[0], "eventId": f"no {number}"} for number in range(BAD)]
    rows = [*good[:300], *bad, *good[:REPEATED], *good[300:]]
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.fixture
async def importer(product: Product, client: Client, shop: Sender) -> Importer:
    """Somebody whose imports nothing in this process runs."""
    return Importer(product, client, UUID(shop.id))


@pytest.fixture
async def child(product: Product) -> AsyncIterator[Child]:
    settings = product.settings
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    try:
        await enrolled(database, [ImportRun(NoRows())])
    finally:
        await database.close()
    async with product_child(settings, ImportRun) as child:
        yield child


async def test_each_row_comes_in_once_and_is_counted_as_what_it_was(importer: Importer, child: Child) -> None:
    expected = [UNIQUE + REPEATED + BAD, UNIQUE, REPEATED, BAD]
    ended, point = "exit -9", 0
    while ended == "exit -9":
        point += 1
        begun = await importer.begin(mixed(), format="NDJSON", fields=[])
        ended = await child.run(point)
        if ended == "exit -9":
            assert await child.run(0) == "exit 0"
        assert counts(await importer.ended(begun["id"])) == expected, f"killed at {point}"
    assert ended == "exit 0"
    assert point > 8


async def test_two_workers_beside_one_another_take_each_row_once(
    importer: Importer, product: Product, child: Child
) -> None:
    begun = [await importer.begin(mixed(), format="NDJSON", fields=[]) for _ in range(2)]
    async with product_child(product.settings, ImportRun) as other:
        ends = await asyncio.gather(child.run(0), other.run(0))
        assert set(ends) == {"exit 0"}
    for each in begun:
        assert counts(await importer.ended(each["id"]))[1:] == [UNIQUE, REPEATED, BAD]
