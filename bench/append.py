"""Appending: one event at a time, and a hundred in one command, against the library's Postgres recorder."""

import asyncio
import time
from functools import partial

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

from app.log.postgres import PostgresLog
from bench import peer
from bench.events import command, creations
from bench.place import empty_database, migrated_database, opened, postgres, run, sockets
from bench.table import COMPARED, Sample, Stopwatch, compare, rounds, sample, show
from domain.kit.log import AppendReceipt, NewEvent

ROUNDS = 7
_PEER, _OURS = "eventsourcing", "Headwater"


async def main() -> None:
    """Both on one server, each in a database of its own."""
    async with postgres() as server:
        settings = peer.environment(sockets(server), "peer")
        await empty_database(server, "peer")
        async with opened(await migrated_database(server, "ours")) as (_, log):
            with peer.Letters(settings) as letters:
                recorder = letters.recorder
                assert isinstance(recorder, PostgresApplicationRecorder)
                for title, times, size in (("One caller, one event", 1500, 1), ("Batches of 100", 100, 100)):
                    found = await rounds(
                        {
                            _PEER: partial(_theirs, recorder, times, size),
                            _OURS: partial(_ours, log, times, size),
                        },
                        count=ROUNDS,
                    )
                    show(title, COMPARED, compare(found, peer=_PEER, unit="events"))


async def _ours(log: PostgresLog, times: int, size: int) -> Sample:
    commands = [command(batch) for batch in _batches(times, size)]
    took = []
    watch = Stopwatch()
    for sent in commands:
        began = time.monotonic()
        assert isinstance(await log.append(sent), AppendReceipt)
        took.append(time.monotonic() - began)
    return sample(times * size, watch, took)


async def _theirs(recorder: PostgresApplicationRecorder, times: int, size: int) -> Sample:
    batches = [
        [
            StoredEvent(event.originator_id, event.originator_version, "bench.events:Created", event.payload)
            for event in batch
        ]
        for batch in _batches(times, size)
    ]
    watch = Stopwatch()
    took = await asyncio.to_thread(peer.insert, recorder, batches)
    return sample(times * size, watch, took)


def _batches(times: int, size: int) -> list[list[NewEvent]]:
    """Events of new streams, a stream for each: the payload is the same on both sides."""
    events = creations(times * size)
    return [events[at : at + size] for at in range(0, len(events), size)]


if __name__ == "__main__":
    run(main())
