"""Live lag: from the answer to a command until the view's row can be read, at 2,000 events a second."""

import argparse
import asyncio
import json
import time
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median

from app.log.postgres import PostgresLog
from app.storage.database import Database
from bench.events import STAGES, work
from bench.filling import fill_log
from bench.place import migrated_database, opened, postgres, run
from bench.table import p99, show
from bench.views import Board, BoardBeside
from bench.worker import working
from domain.kit.log import Append, AppendReceipt
from projections.kit.store.generations import enroll

ROUNDS = 3
_BESIDE = 500_000

Told = list[tuple[float, float, int]]
"""When each command was sent and answered, by the clock that all processes share, and its position."""


async def main(rate: int, seconds: int, beside: bool) -> None:
    """One process appends, another follows; with ``beside`` a third rebuilds another view all the while."""
    found: list[tuple[str, ...]] = []
    async with postgres() as server:
        url = await migrated_database(server, "ours")
        async with opened(url) as (database, log), AsyncExitStack() as stack:
            for view in (Board, BoardBeside):
                await enroll(database.writer, view)
            if beside:
                await fill_log(database, _BESIDE)
                async with working("follow", url):
                    await _folded(database, await log.head())
                await stack.enter_async_context(working("again", url))
            for number in range(ROUNDS):
                appends = list(work(rate * seconds // STAGES))
                async with working("follow", url) as seen:
                    appended = await _tell(log, appends, rate)
                    await _folded(database, max(position for _, _, position in appended))
                found.append(_line(f"round {number + 1}", appended, json.loads(seen.result())))
    head = ("", "lag p50 ms", "lag p99 ms", "most ms", "events/s", "command p50 ms", "command p99 ms")
    title = f"Live lag at {rate:,} events/s" + (", while another view is rebuilt" if beside else "")
    middles = [
        f"{median(float(line[at].replace(',', '')) for line in found):,.1f}" for at in range(1, len(head))
    ]
    show(title, head, [*found, ("median", *middles)])


async def _tell(log: PostgresLog, appends: Sequence[Append], rate: int) -> Told:
    """Send commands by the clock, whether earlier ones are answered or not."""
    appended: Told = []

    async def send(append: Append) -> None:
        sent = time.monotonic()
        outcome = await log.append(append)
        assert isinstance(outcome, AppendReceipt), outcome
        appended.append((sent, time.monotonic(), outcome.last))

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, append in enumerate(appends):
            ahead = began + number / rate - time.monotonic()
            if ahead > 0.001:
                await asyncio.sleep(ahead)
            tasks.create_task(send(append))
    return appended


async def _folded(database: Database, position: int) -> None:
    """Wait until the view has what was told."""
    query = "select max(position) from ops.lanes where view = $1"
    # Another process folds.
    while (await database.writer.fetchval(query, Board.name)) < position:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def _line(name: str, appended: Told, seen: Sequence[tuple[float, int]]) -> tuple[str, ...]:
    times, positions = [at for at, _ in seen], [position for _, position in seen]
    # What the view had before the answer arrived here has no lag.
    lags = [
        max(times[bisect_left(positions, position)] - answered, 0) * 1000
        for _, answered, position in appended
    ]
    took = [(answered - sent) * 1000 for sent, answered, _ in appended]
    spent = max(answered for _, answered, _ in appended) - min(sent for sent, _, _ in appended)
    figures = (median(lags), p99(lags), max(lags), len(appended) / spent, median(took), p99(took))
    return (name, *(f"{figure:,.1f}" for figure in figures))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rate", type=int, default=2_000, help="events a second")
    arguments.add_argument("--seconds", type=int, default=15, help="how long a round lasts")
    arguments.add_argument("--beside", action="store_true", help="rebuild another view all the while")
    given = arguments.parse_args()
    run(main(given.rate, given.seconds, given.beside))
