"""Reads by what a selection names, in pages and in bulk."""

from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from app.log.bulk_reader import SELECT, Decoder
from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.log import Envelope, Selection, StoredSnapshot
from tests.log.appends import NOON, OTHER, TENANT, TOPIC, command, event, stored

STREAM = UUID(int=77)


@pytest.fixture(scope="module", autouse=True)
async def events(log: PostgresLog) -> None:
    """60 events of two tenants, two types and two requests, one a minute."""
    stored(await log.append(command(event(STREAM, timestamp=NOON))))
    for n in range(1, 60):
        new = event(
            type="work.task.renamed" if n % 2 else "work.task.created",
            payload=orjson.dumps({"title": "é" * n, "n": n}),
            timestamp=NOON + timedelta(minutes=n),
        )
        request = f"request {n % 4}"
        append = command(new, tenant=OTHER if n % 3 else TENANT, correlation_id=request, metadata=b'{"a": 1}')
        if n % 5 == 0:
            append = replace(append, user_id=uuid4(), session_id="a session")
        if n % 7 == 0:
            append = replace(append, causation_id="")
        stored(await log.append(append))


SELECTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "everything": ({}, lambda e: True),
    "types": ({"types": ["work.task.renamed"]}, lambda e: e.type == "work.task.renamed"),
    "no types": ({"types": []}, lambda e: False),
    "tenant": ({"tenant_id": OTHER}, lambda e: e.tenant_id == OTHER),
    "stream": ({"originator_id": STREAM}, lambda e: e.originator_id == STREAM),
    "request": ({"correlation_id": "request 3"}, lambda e: e.correlation_id == "request 3"),
    "since": ({"since": NOON + timedelta(minutes=30)}, lambda e: e.timestamp >= NOON + timedelta(minutes=30)),
    "until": ({"until": NOON + timedelta(minutes=30)}, lambda e: e.timestamp < NOON + timedelta(minutes=30)),
    "all of them": (
        {"types": ["work.task.renamed"], "tenant_id": OTHER, "correlation_id": "request 1", "since": NOON},
        lambda e: e.type == "work.task.renamed" and e.tenant_id == OTHER and e.correlation_id == "request 1",
    ),
}


@pytest.mark.parametrize("name", SELECTIONS)
async def test_reads_what_a_selection_names(log: PostgresLog, name: str) -> None:
    parts, wanted = SELECTIONS[name]
    everything = await log.read(limit=1000)
    assert await log.read(limit=1000, select=Selection(**parts)) == [e for e in everything if wanted(e)]


@pytest.mark.parametrize("name", SELECTIONS)
async def test_a_bulk_read_is_the_same(log: PostgresLog, name: str) -> None:
    select = Selection(**SELECTIONS[name][0])
    paged = await log.read(after=3, until=55, limit=1000, select=select)
    copied = [event async for page in log.copy_out(after=3, until=55, select=select) for event in page]
    assert [_plain(event) for event in copied] == [_plain(event) for event in paged]


def _plain(event: Envelope) -> Envelope:
    """Pages carry JSON as text, bulk reads as bytes."""
    return replace(event, payload=orjson.loads(event.payload), metadata=orjson.loads(event.metadata))


async def test_a_range_is_open_below_and_closed_above(log: PostgresLog) -> None:
    found = await log.read(after=10, until=20, limit=100)
    assert [event.position for event in found] == list(range(11, 21))
    assert [event.position for event in await log.read(after=10, limit=3)] == [11, 12, 13]
    assert await log.read(after=60, limit=10) == await log.read(after=2**62, limit=10) == []


async def test_a_bulk_read_may_be_left_early(log: PostgresLog) -> None:
    async with aclosing(log.copy_out()) as pages:
        async for page in pages:
            assert page[0].position == 1
            break


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
async def test_the_bulk_reader_takes_any_cut(log: PostgresLog, database: Database, size: int) -> None:
    whole = [event async for page in log.copy_out() for event in page]
    connection = await database.connect()
    chunks: list[bytes] = []

    async def collect(chunk: bytes) -> None:
        chunks.append(bytes(chunk))

    await connection.copy_from_query(SELECT.format("true"), output=collect, format="binary")
    await connection.close()
    data = b"".join(chunks)
    decoder = Decoder()
    found = [event for at in range(0, len(data), size) for event in decoder.feed(data[at : at + size])]
    assert found == whole


async def test_streams_come_in_one_answer(log: PostgresLog) -> None:
    first, other, unknown = uuid4(), uuid4(), uuid4()
    stored(await log.append(command(event(first), event(other), event(first, 2))))
    found = await log.streams(TENANT, [first, other, unknown])
    assert {id: [e.originator_version for e in events] for id, events in found.items()} == {
        first: [1, 2],
        other: [1],
    }
    assert await log.streams(TENANT, [first], after=2) == {}
    assert await log.streams(OTHER, [first]) == {}
    assert await log.streams(TENANT, []) == {}


async def test_keeps_the_newest_snapshot_of_a_version(log: PostgresLog) -> None:
    stream = uuid4()
    for version, state in ((10, b"ten"), (20, b"twenty"), (20, b"twenty again")):
        stored_at = StoredSnapshot(originator_version=version, timestamp=NOON, topic=TOPIC, state=state)
        await log.keep_snapshot(TENANT, stream, stored_at)
    newest = (await log.snapshots(TENANT, [stream, uuid4()]))[stream]
    older = (await log.snapshots(TENANT, [stream], until=19))[stream]
    assert (newest.originator_version, newest.state) == (20, b"twenty again")
    assert (older.originator_version, older.state) == (10, b"ten")
    assert await log.snapshots(TENANT, [stream], until=9) == {}
