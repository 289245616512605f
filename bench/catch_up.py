"""Catching a Postgres view up with a log of 200,000 events, against the library's ProjectionRunner."""

import argparse
import asyncio
from functools import partial

from app.log.postgres import PostgresLog
from app.storage.database import Database, Pool
from bench import peer
from bench.events import STAGES, work
from bench.following import fill, folding_pool
from bench.place import empty_database, migrated_database, opened, postgres, run, sockets
from bench.table import COMPARED, Sample, Stopwatch, compare, rounds, sample, show
from bench.views import Board
from domain.kit.log import AppendReceipt
from projections.kit.declare.postgres import PostgresView
from projections.kit.store.generations import enroll
from projections.kit.store.postgres_store import PostgresStore
from projections.work.tasks import Tasks

ROUNDS = 3
_THEIR_TASKS = 1_000
_PEER, _OURS, _SEARCHED = "ProjectionRunner", "Headwater", "Headwater, a view with six indexes more"


async def main(events: int) -> None:
    """The same table and index on both sides; the peer reads a shorter log, for what counts is its rate."""
    async with postgres() as server:
        url = await empty_database(server, "peer")
        settings = peer.environment(sockets(server), "peer")
        with peer.Letters(settings) as letters:
            count = await asyncio.to_thread(peer.tell, letters, _THEIR_TASKS)
        async with opened(await migrated_database(server, "ours")) as (database, log):
            # A view that is new to a long log would be built in bulk, and here it is to follow.
            for view in (Board, Tasks):
                await enroll(database.writer, view)
            await tell(log, events // STAGES)
            async with folding_pool(database) as pool:
                found = await rounds(
                    {
                        _PEER: partial(_theirs, url, settings, count),
                        _OURS: partial(_ours, database, log, pool, Board),
                        _SEARCHED: partial(_ours, database, log, pool, Tasks),
                    },
                    count=ROUNDS,
                )
        show(f"Catching up with {events:,} events", COMPARED, compare(found, peer=_PEER, unit="events"))


async def tell(log: PostgresLog, tasks: int) -> None:
    """Append the lives of tasks, a hundred events in a command, some commands at a time."""
    waiting: set[asyncio.Task[object]] = set()
    for append in work(tasks, together=100):
        waiting.add(asyncio.create_task(log.append(append)))
        if len(waiting) == 20:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert all(isinstance(task.result(), AppendReceipt) for task in done)
    for outcome in await asyncio.gather(*waiting):
        assert isinstance(outcome, AppendReceipt), outcome


async def _ours(database: Database, log: PostgresLog, pool: Pool, view: type[PostgresView]) -> Sample:  # type: ignore[type-arg]
    # The product's view is inline; followed as any other it shows what its indexes cost.
    result = await fill(
        database,
        log,
        pool,
        view(),
        lambda _, generation: PostgresStore(view, pool, database.owner, generation),
    )
    return Sample(result.events / result.seconds, result.computed / result.events * 1_000_000)


async def _theirs(url: str, settings: dict[str, str], events: int) -> Sample:
    watch = Stopwatch()
    await asyncio.to_thread(peer.catch_up, url, settings, events)
    return sample(events, watch)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=200_000, help="how long our log is")
    run(main(arguments.parse_args().events))
