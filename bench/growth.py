"""What an append and a read of a page cost in a log of 100,000 events and in one of 2 million."""

import argparse
import time
from functools import partial

from app.log.postgres import PostgresLog
from bench.events import TENANT, command, creations
from bench.filling import fill_log
from bench.place import migrated_database, opened, postgres, run
from bench.table import Sample, Stopwatch, middle, ratio, rounds, sample, show
from domain.kit.log import AppendReceipt, Selection

ROUNDS = 7
_SMALL = 100_000
_PAGE = 500


async def main(events: int) -> None:
    """Both logs stand in databases of one server, and take turns."""
    async with postgres() as server:
        async with (
            opened(await migrated_database(server, "small")) as (small, small_log),
            opened(await migrated_database(server, "large")) as (large, large_log),
        ):
            await fill_log(small, _SMALL)
            began = time.monotonic()
            await fill_log(large, events)
            print(f"{events:,} events filled in {time.monotonic() - began:,.0f} s, by SQL as the owner")
            logs = {f"{_SMALL:,} events": (small_log, _SMALL), f"{events:,} events": (large_log, events)}
            lines = []
            for title, unit, work in (
                ("append, one caller", "events", _append),
                ("append, a hundred in a command", "events", _append_many),
                ("page at the head", "events", _page_at_head),
                ("page from the middle", "events", _page_in_middle),
                ("a stream of five events", "streams", _stream),
            ):
                found = await rounds({name: partial(work, *log) for name, log in logs.items()}, count=ROUNDS)
                before, after = found.values()
                cost = "{:.2f}x ({:.2f}-{:.2f})".format(*ratio(before, after))
                rates = [f"{middle(sample).rate:,.0f} {unit}/s" for sample in (before, after)]
                lines.append((title, *rates, cost))
        show("Growth", ("", *logs, "cost (least-most)"), lines)


async def _append(log: PostgresLog, events: int) -> Sample:
    return await _commands(log, 500, 1)


async def _append_many(log: PostgresLog, events: int) -> Sample:
    return await _commands(log, 50, 100)


async def _commands(log: PostgresLog, count: int, size: int) -> Sample:
    appends = [command(creations(size)) for _ in range(count)]
    watch = Stopwatch()
    for append in appends:
        assert isinstance(await log.append(append), AppendReceipt)
    return sample(count * size, watch)


async def _page_at_head(log: PostgresLog, events: int) -> Sample:
    return await _pages(log, events - _PAGE)


async def _page_in_middle(log: PostgresLog, events: int) -> Sample:
    return await _pages(log, events // 2)


async def _pages(log: PostgresLog, after: int) -> Sample:
    watch = Stopwatch()
    for _ in range(50):
        assert len(await log.read(after=after, limit=_PAGE)) == _PAGE
    return sample(50 * _PAGE, watch)


async def _stream(log: PostgresLog, events: int) -> Sample:
    known = await log.read(after=events // 3, limit=200, select=Selection(tenant_id=TENANT))
    streams = list({event.originator_id for event in known})
    watch = Stopwatch()
    for stream in streams:
        assert await log.streams(TENANT, [stream])
    return sample(len(streams), watch)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=2_000_000, help="how long the long log is")
    run(main(arguments.parse_args().events))
