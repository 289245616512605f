"""Ingestion: events from outside in batches of 100, over the product's own door, beside a hand-written insert."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from statistics import median
from uuid import UUID, uuid4

import asyncpg
import psutil

from app.composition.write_side import written
from app.embedded.opensearch import free_port
from app.settings import Settings
from bench.place import SECRET, empty_database, migrated_database, postgres, run, valkey
from bench.sides import Side, peer, product
from bench.table import COMPARED, Sample, Stopwatch, compare, rounds, sample, show
from domain.gateway.events import OutsideEvent
from domain.kit.log import Selection

ROUNDS = 5
BATCH = 100
CALLERS = 6
RATE = 200
_PEER, _OURS = "Starlette + asyncpg", "Headwater"


async def main(batches: int, seconds: float) -> None:
    """Both on one server, each with a process of its own that answers; ours with a worker besides."""
    async with postgres() as server, valkey() as redis:
        theirs = await empty_database(server, "peer")
        settings = Settings(
            database_url=await migrated_database(server, "ours"),
            redis_url=redis.url,
            secret=SECRET,
            port=free_port(),
            ingest_events_per_second=1_000_000,
            log_level="error",
        )
        async with peer(theirs) as other, product(settings) as ours, _Watched(settings) as watched:
            sides = {_PEER: partial(_send, other, batches), _OURS: partial(watched.sent, ours, batches)}
            body = _body(BATCH)
            for side in (other, ours):
                await _one(side, body)
            assert await _stored_there(theirs) == await _stored_here(settings, ours.tenant_id), "they differ"
            found = await rounds(sides, count=ROUNDS)
            title = f"Ingestion: batches of {BATCH} events, {CALLERS} callers"
            show(title, COMPARED, compare(found, peer=_PEER, unit="events"))
            lines = [(name, f"{watched.middle(name):,.0f}") for name in watched.spent]
            show("Processor time that an event takes until every view shows it", ("", "µs"), lines)
            one_by_one = {
                name: partial(_paced, side, seconds) for name, side in ((_PEER, other), (_OURS, ours))
            }
            found = await rounds(one_by_one, count=ROUNDS)
            title = f"One event a request, {RATE} requests a second whatever becomes of them"
            show(title, COMPARED, compare(found, peer=_PEER, unit="events"))
            show("Memory of the API", ("second", "MB"), await watched.memory(ours))


async def _send(side: Side, batches: int) -> Sample:
    bodies = iter([_body(BATCH) for _ in range(batches)])
    took: list[float] = []
    watch = Stopwatch()

    async def caller() -> None:
        for body in bodies:
            took.append(await _one(side, body))

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return sample(batches * BATCH, watch, took)


async def _one(side: Side, body: bytes, due: float | None = None) -> float:
    """How long a request takes, from when it was due."""
    loop = asyncio.get_running_loop()
    began = loop.time() if due is None else due
    status, answer = await side.http.request("POST", side.path, body)
    assert status == 200, answer
    return loop.time() - began


async def _paced(side: Side, seconds: float) -> Sample:
    bodies = [_body(1) for _ in range(int(seconds * RATE))]
    watch = Stopwatch()
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as tasks:
        sent: list[asyncio.Task[float]] = []
        for number, body in enumerate(bodies):
            due = began + number / RATE
            await asyncio.sleep(max(due - loop.time(), 0))
            sent.append(tasks.create_task(_one(side, body, due)))
    return sample(len(bodies), watch, [task.result() for task in sent])


class _Watched:
    """What the product takes of the machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.spent: dict[str, list[float]] = {"API": [], "worker": [], "Postgres": []}

    async def __aenter__(self) -> "_Watched":
        self._connection = await asyncpg.connect(self._settings.database_url)
        backend = psutil.Process(await self._connection.fetchval("select pg_backend_pid()"))
        server = backend.parent()
        assert server is not None
        self._server = server
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    def middle(self, name: str) -> float:
        """The median of what a process took for an event, in microseconds."""
        return median(self.spent[name])

    async def sent(self, side: Side, batches: int) -> Sample:
        """Send, and let all views follow: it is part of what an event takes, and the other side's turn is next."""
        before = self._seconds(side)
        taken = await _send(side, batches)
        while await self._connection.fetchval(_BEHIND):  # noqa: ASYNC110  # It is known by asking alone.
            await asyncio.sleep(0.1)
        for name, seconds in self._seconds(side).items():
            self.spent[name].append((seconds - before[name]) / (batches * BATCH) * 1_000_000)
        return taken

    async def memory(self, side: Side) -> list[tuple[str, ...]]:
        """Its resident memory while batches are sent, each ten seconds of a minute."""
        lines: list[tuple[str, ...]] = []
        loop = asyncio.get_running_loop()
        began = loop.time()
        for second in range(0, 61, 10):
            while loop.time() - began < second:
                await _send(side, CALLERS)
            lines.append((f"{second}", f"{side.process.memory_info().rss / 2**20:,.0f}"))
        return lines

    def _seconds(self, side: Side) -> dict[str, float]:
        assert side.worker is not None
        return {
            "API": _computed([side.process]),
            "worker": _computed([side.worker]),
            "Postgres": _computed([self._server, *self._server.children()]),
        }


# No worker follows for search, for which there is no server here.
_BEHIND = """
select exists (select from ops.lanes l join ops.views v using (view)
                where v.store <> 'search' and l.phase = 'following'
                  and l.position < (select max(position) from es.events))
"""


def _computed(processes: Sequence[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            # With those of its children that have ended.
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


_Stored = dict[UUID, tuple[str, datetime, object]]


async def _stored_there(url: str) -> _Stored:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select event_id, event_type, occurred_at, data::text from events")
    await connection.close()
    return {row[0]: (row[1], row[2], json.loads(row[3])) for row in rows}


async def _stored_here(settings: Settings, tenant_id: UUID | None) -> _Stored:
    """What the log has, opened."""
    assert tenant_id is not None
    async with written(settings) as side:
        only = Selection(types=[OutsideEvent.Accepted.stored_as])
        events = side.codec.decode_all(await side.log.read(limit=BATCH, select=only))
        accepted = [event for event in events if isinstance(event, OutsideEvent.Accepted)]
        texts = await side.ring.open(tenant_id, [event.data for event in accepted])
    return {
        event.event_id: (event.event_type, event.occurred_at, json.loads(text))
        for event, text in zip(accepted, texts, strict=True)
    }


def _body(size: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    return json.dumps(
        [
            {
                "eventId": str(uuid4()),
                "eventType": "order.created",
                "timestamp": now,
                "userId": f"customer-{number}",
                "sessionId": f"session-{number}",
                "data": {
                    "payload": {
                        "orderId": f"order-{number}",
                        "items": [{"productId": "p-1", "quantity": 2, "price": 12.5}],
                        "totalAmount": 25,
                        "currency": "EUR",
                    },
                    "metadata": {"paymentMethod": "card", "channel": "web"},
                },
            }
            for number in range(size)
        ]
    ).encode()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=100, help="of 100 events, in a round of each side")
    arguments.add_argument(
        "--seconds", type=float, default=10, help="of single events, in a round of each side"
    )
    given = arguments.parse_args()
    run(main(given.batches, given.seconds))
