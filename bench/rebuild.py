"""Rebuilding views in one process: Postgres by itself, Redis and OpenSearch against their raw bulk rates."""

import argparse
from functools import partial
from statistics import median

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.embedded import EmbeddedError
from bench.filling import fill_log
from bench.outside import DOCUMENTS, documents, redis_bulk, search_bulk
from bench.place import migrated_database, opened, opensearch, postgres, run, valkey
from bench.table import Sample, middle, ratio, rounds, show
from bench.views import Board, Cards, CardSearch
from bench.worker import Built, built
from projections.kit.store.generations import enroll

ROUNDS = 3
_RAW, _OURS = "raw bulk", "view"


async def main(events: int) -> None:
    """The log for Redis and OpenSearch has one event for each row, so that rows and events are the same."""
    async with postgres() as server:
        long, short = await migrated_database(server, "long"), await migrated_database(server, "short")
        for url, size, stages in ((long, events, 5), (short, DOCUMENTS, 1)):
            async with opened(url) as (database, _):
                for view in (Board, Cards, CardSearch):
                    await enroll(database.writer, view)
                await fill_log(database, size, stages=stages)
        _in_postgres([await built(long, "postgres") for _ in range(ROUNDS)])
        lines = [("Redis", *await _redis(short))]
        try:
            lines.append(("OpenSearch", *await _search(short)))
        except EmbeddedError as error:
            print(f"no OpenSearch: {error}")
    show("Rows written, against the client's raw bulk", ("", _RAW, _OURS, "ratio (least-most)"), lines)


def _in_postgres(found: list[Built]) -> None:
    fills = [build.fill for build in found]
    rate = median(fill.events / fill.seconds for fill in fills)
    cpu = median(fill.computed / fill.events * 1_000_000 for fill in fills)
    early, peak = median(build.early for build in found), median(build.peak for build in found)
    whole = (f"{figure:,.0f}" for figure in (fills[0].events, fills[0].rows, rate))
    head = ("events", "rows", "events/s", "CPU µs each", "MB after a tenth", "MB at most")
    show("A Postgres view, in one process", head, [(*whole, f"{cpu:.1f}", f"{early:.0f}", f"{peak:.0f}")])


async def _redis(url: str) -> tuple[str, ...]:
    async with valkey() as server, Redis.from_url(server.url) as redis:
        texts = documents(DOCUMENTS)
        sides = {_RAW: partial(redis_bulk, redis, texts), _OURS: partial(_fill, url, "redis", server.url)}
        return _compared(await rounds(sides, count=ROUNDS))


async def _search(url: str) -> tuple[str, ...]:
    async with opensearch() as node, AsyncOpenSearch(node.url) as client:
        texts = documents(DOCUMENTS)
        sides = {_RAW: partial(search_bulk, client, texts), _OURS: partial(_fill, url, "search", node.url)}
        return _compared(await rounds(sides, count=ROUNDS))


async def _fill(url: str, store: str, server: str) -> Sample:
    built_view = (await built(url, store, server)).fill
    assert built_view.rows == DOCUMENTS, built_view
    return Sample(built_view.rows / built_view.seconds, built_view.computed / built_view.rows * 1_000_000)


def _compared(found: dict[str, list[Sample]]) -> tuple[str, ...]:
    rates = (f"{middle(found[name]).rate:,.0f} rows/s" for name in (_RAW, _OURS))
    return (*rates, "{:.2f}x ({:.2f}-{:.2f})".format(*ratio(found[_OURS], found[_RAW])))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=1_000_000, help="how long the log is")
    run(main(arguments.parse_args().events))
