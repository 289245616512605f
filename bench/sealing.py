"""What sealing costs: commands through the bus, and rebuilding a view, with personal fields sealed and plain."""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from app.keys import KeyRing, SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from bench.building import build
from bench.events import TENANT, USER, command
from bench.following import folding_pool
from bench.people import Entries, Entry, KnowPerson, MovePerson, NamedEntries, NamedEntry, Person
from bench.place import SECRET, migrated_database, opened, postgres, run
from bench.table import Sample, Stopwatch, middle, ratio, rounds, sample, show
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import Codec, PlainCodec
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import AppendReceipt, NewEvent
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.store.postgres_store import PostgresStore

ROUNDS = 5
CALLERS = 64
EACH = 40
"""Commands of each caller in a round."""
_PLAIN, _SEALED, _OPENED = "plain", "sealed", "sealed, names opened"
_BY = Caller(tenant_id=TENANT, user_id=USER)
_TOGETHER = 500
_HEAD = ("", "a second", "CPU µs each", "of the plain rate (least-most)")


@dataclass(frozen=True, slots=True)
class Side:
    """A log with what writes to it."""

    database: Database
    log: PostgresLog
    codec: Codec
    ring: KeyRing | None


async def main(events: int, count: int) -> None:
    """Plain and sealed take turns, each on a log of its own on one server."""
    async with postgres() as server:
        plain_url, sealed_url = [await migrated_database(server, name) for name in (_PLAIN, _SEALED)]
        async with _side(plain_url, sealed=False) as plain, _side(sealed_url, sealed=True) as sealed:
            sides = {_PLAIN: plain, _SEALED: sealed}
            for title, commands in (("Commands about new people", _new), ("About known people", _known)):
                found = await rounds(
                    {name: partial(commands, side) for name, side in sides.items()}, count=count
                )
                show(f"{title}, {CALLERS} callers", _HEAD, _compared(found))
            for side in sides.values():
                await _fill(side, events)
            built = await rounds(
                {
                    _PLAIN: partial(_rebuilt, plain, Entries()),
                    _SEALED: partial(_rebuilt, sealed, Entries()),
                    _OPENED: partial(_rebuilt, sealed, NamedEntries()),
                },
                count=count,
                warm_up=False,
            )
            show("Rebuilding a view of people", _HEAD, _compared(built))


def _compared(found: dict[str, list[Sample]]) -> list[tuple[str, ...]]:
    """A row for each side, with the share of the plain side's rate that is left."""
    lines: list[tuple[str, ...]] = []
    for name, samples in found.items():
        sample = middle(samples)
        share = "{:.2f} ({:.2f}-{:.2f})".format(*ratio(samples, found[_PLAIN])) if name != _PLAIN else ""
        lines.append((name, f"{sample.rate:,.0f}", f"{sample.cpu:.1f}", share))
    return lines


@asynccontextmanager
async def _side(url: str, *, sealed: bool) -> AsyncIterator[Side]:
    async with opened(url) as (database, log):
        if not sealed:
            yield Side(database, log, PlainCodec(), None)
            return
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(database_url=url, secret=SECRET, data_dir=Path(folder))
            async with opened_ring(settings, database) as ring:
                yield Side(database, log, SealingCodec(ring), ring)


async def _new(side: Side) -> Sample:
    bus = Bus(side.log, side.codec, SystemClock(), TimeOrderedIds())

    async def caller() -> None:
        for _ in range(EACH):
            await _sent(bus, KnowPerson(id=uuid4(), email="somebody@example.com"))

    return await _timed(caller)


async def _known(side: Side) -> Sample:
    bus = Bus(side.log, side.codec, SystemClock(), TimeOrderedIds())
    known = [uuid4() for _ in range(CALLERS * EACH)]
    for first in range(0, len(known), CALLERS):
        batch = known[first : first + CALLERS]
        await asyncio.gather(*(_sent(bus, KnowPerson(id=id, email="somebody@example.com")) for id in batch))

    async def caller() -> None:
        for _ in range(EACH):
            await _sent(bus, MovePerson(id=known.pop(), email="elsewhere@example.com"))

    return await _timed(caller)


async def _timed(caller: Callable[[], Awaitable[None]]) -> Sample:
    watch = Stopwatch()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return sample(CALLERS * EACH, watch)


async def _sent(bus: Bus, command: Command) -> None:
    outcome = await bus.send(command, by=_BY)
    assert isinstance(outcome, AppendReceipt), outcome


async def _fill(side: Side, events: int) -> None:
    """Append first events of so many people."""
    for first in range(0, events, _TOGETHER):
        people = [_person(number) for number in range(first, first + _TOGETHER)]
        await side.codec.ready(TENANT, people)
        new = [_stored(event, side.codec) for event in people]
        assert isinstance(await side.log.append(command(new)), AppendReceipt)


def _person(number: int) -> Event:
    known = Person.Known(email=f"{number}@example.com", first_name=f"Ada {number}", last_name="Lovelace")
    return known.stamped(uuid4(), 1, datetime.now(UTC))


def _stored(event: Event, codec: Codec) -> NewEvent:
    return NewEvent(
        event_id=uuid4(),
        topic=Person.topic,
        originator_id=event.originator_id,
        originator_version=event.originator_version,
        type=event.stored_as,
        version=1,
        timestamp=event.timestamp,
        payload=codec.encode(event, tenant_id=TENANT),
    )


async def _rebuilt(side: Side, view: View[Entry] | View[NamedEntry]) -> Sample:
    database, kind = side.database, type(view)
    assert issubclass(kind, PostgresView)
    async with folding_pool(database) as pool:
        filled = await build(
            side.log,
            pool,
            view,
            lambda _, generation: PostgresStore(kind, pool, database.owner, generation, side.ring),
        )
    return Sample(filled.events / filled.seconds, filled.computed / filled.events * 1_000_000)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=100_000, help="how many people the rebuilt log has")
    arguments.add_argument("--rounds", type=int, default=ROUNDS, help="how many rounds are measured")
    given = arguments.parse_args()
    run(main(given.events, given.rounds))
