"""Commands of 64 concurrent callers through bus and aggregate, against the library's application."""

import asyncio
import time
from functools import partial
from uuid import UUID, uuid4

from app.composition.write_side import inline_views
from app.log.postgres import PostgresLog
from bench import peer
from bench.events import ABOUT, TENANT, USER
from bench.place import empty_database, migrated_database, opened, postgres, run, sockets
from bench.table import COMPARED, Sample, Stopwatch, compare, middle, rounds, sample, show
from domain.identity.registration import RegisterUser
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.work.task_commands import CreateTask, RenameTask

ROUNDS = 5
CALLERS = 64
OURS_EACH, THEIRS_EACH = 500, 25
"""Commands of each caller in a round; what is compared are rates."""
_PEER, _OURS, _INLINE = "eventsourcing", "Headwater", "Headwater, tables in the same transaction"
_BY = Caller(tenant_id=TENANT, user_id=USER)


async def main() -> None:
    """Each caller creates a task, renames it four times, and starts over. All sides cache aggregates."""
    async with postgres() as server:
        await empty_database(server, "peer")
        settings = peer.environment(sockets(server), "peer", pool=CALLERS)
        async with (
            opened(await migrated_database(server, "ours")) as (_, log),
            opened(await migrated_database(server, "inline")) as (database, _),
        ):
            inline = PostgresLog(database, inline=await inline_views(database))
            try:
                with peer.Letters(settings) as letters:
                    found = await rounds(
                        {
                            _PEER: partial(_theirs, letters),
                            _OURS: partial(_ours, await _bus(log)),
                            _INLINE: partial(_ours, await _bus(inline)),
                        },
                        count=ROUNDS,
                    )
            finally:
                await inline.close()
        show(f"{CALLERS} callers at once", COMPARED, compare(found, peer=_PEER, unit="commands"))
        peers = middle(found[_PEER]).p99
        for name in (_OURS, _INLINE):
            ours = middle(found[name]).p99
            assert ours is not None, "every command was timed"
            assert peers is not None, "every command was timed"
            print(f"p99 of {name}: {ours / peers:.2f} of the peer's")


async def _bus(log: PostgresLog) -> Bus:
    bus = Bus(log, PlainCodec(), SystemClock(), TimeOrderedIds())
    await _sent(bus, RegisterUser(id=USER, email="someone@example.com", first_name="Someone"))
    return bus


async def _ours(bus: Bus) -> Sample:
    watch = Stopwatch()
    took = await asyncio.gather(*(_caller(bus, number) for number in range(CALLERS)))
    return sample(CALLERS * OURS_EACH, watch, [duration for durations in took for duration in durations])


async def _caller(bus: Bus, number: int) -> list[float]:
    took = []
    id = UUID(int=0)
    for step in range(OURS_EACH):
        began = time.monotonic()
        if step % 5 == 0:
            id = uuid4()
            await _sent(bus, CreateTask(id=id, title=f"Answer letter {number}", description=ABOUT))
        else:
            await _sent(bus, RenameTask(id=id, title=f"Answer letter {number} for the {step}th time"))
        took.append(time.monotonic() - began)
    return took


async def _sent(bus: Bus, command: Command) -> None:
    outcome = await bus.send(command, by=_BY)
    assert isinstance(outcome, AppendReceipt), outcome


async def _theirs(letters: peer.Letters) -> Sample:
    watch = Stopwatch()
    took = await asyncio.to_thread(peer.send, letters, callers=CALLERS, commands=THEIRS_EACH)
    return sample(len(took), watch, took)


if __name__ == "__main__":
    run(main())
