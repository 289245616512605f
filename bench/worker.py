"""A worker process of the benchmarks, so that what folds does not share a core's time with what measures.

``python -m bench.worker follow URL`` follows the board, says ``ready``, and when its input ends prints when
each position could be read. ``python -m bench.worker build URL STORE [SERVER]`` rebuilds the board in that
store and prints how long that took and how much memory; ``again URL`` does so until its input ends.
"""

import asyncio
import gc
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import psutil
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.storage.database import Database, Pool
from app.storage.stores import Stores
from bench.building import NICE, build
from bench.following import Fill, Progress, folding_pool, following
from bench.place import opened, run
from bench.views import Board, BoardBeside, Cards, CardSearch
from projections.kit.declare.view import View

_EVERY = 0.1
VIEWS: dict[str, type[View[Any]]] = {"postgres": Board, "redis": Cards, "search": CardSearch}


@dataclass(frozen=True, slots=True)
class Built:
    """How a view was built, and the process's memory in MB: after a tenth of the time, and at most."""

    fill: Fill
    early: float
    peak: float


async def main(work: str, url: str, *more: str) -> None:
    """Do the work that the command line names."""
    async with opened(url) as (database, log), folding_pool(database) as pool:
        async with _stores(database, pool, *more) as stores:
            if work == "follow":
                progress = Progress()
                async with following(database, log, pool, Board(), stores.of, progress) as lanes:
                    while not lanes.held():  # noqa: ASYNC110  # A lease is taken in a worker's own time.
                        await asyncio.sleep(0.02)
                    print("ready", flush=True)
                    await _input_ended()
                print(json.dumps(progress.seen))
            elif work == "again":
                os.nice(NICE)
                ended = asyncio.create_task(_input_ended())
                print("ready", flush=True)
                while not ended.done():
                    await build(log, pool, BoardBeside(), stores.of)
            else:
                # As the rebuilder does.
                gc.disable()
                memory: list[float] = []
                sampling = asyncio.create_task(_sample(memory))
                view = VIEWS[more[0]]()
                done = await build(log, pool, view, stores.of)
                sampling.cancel()
                print(msgspec.json.encode(Built(done, memory[len(memory) // 10], max(memory))).decode())


async def built(url: str, store: str, *server: str) -> Built:
    """Rebuild the board in a process of its own; ``server`` is the store's address outside Postgres."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.worker", "build", url, store, *server), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"The board could not be rebuilt in {store}.")
    return msgspec.json.decode(output, type=Built)


@asynccontextmanager
async def working(*work: str) -> AsyncIterator["asyncio.Future[str]"]:
    """A worker beside the block; its last word comes when the block has ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.worker", *work),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    try:
        if (await process.stdout.readline()).strip() != b"ready":
            raise RuntimeError("The worker did not come up.")
        yield said
        process.stdin.close()
        said.set_result((await process.stdout.read()).decode())
    finally:
        if process.returncode is None and not said.done():
            process.kill()
        await process.wait()


@asynccontextmanager
async def _stores(database: Database, pool: Pool, store: str = "", server: str = "") -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        redis = Redis.from_url(server if store == "redis" else "redis://nowhere")
        stack.push_async_callback(redis.aclose)
        search = AsyncOpenSearch(server) if store == "search" else None
        if search is not None:
            stack.push_async_callback(search.close)
        yield Stores(database, pool, redis, search, "bench")


async def _sample(memory: list[float]) -> None:
    process = psutil.Process()
    while True:
        memory.append(process.memory_info().rss / 2**20)
        await asyncio.sleep(_EVERY)


async def _input_ended() -> None:
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    run(main(*sys.argv[1:]))
