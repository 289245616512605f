"""A worker that stops at the write of a retry: ``python -m ... URL REDIS SEARCH PREFIX VIEW hang|stop``.

``hang``: it has made the write, says so, and goes no further. ``stop``: it is about to make it, and stops
as by SIGSTOP; when it is woken it tries to.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from projections.kit.declare.view import RowChanges
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Checkpoint
from tests.parking.fragile import DIARIES, TALLIES
from tests.parking.yard import Yard
from tests.views.place import opened


def _before(changes: RowChanges[Any]) -> None:
    if changes and sys.argv[6] == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)


async def _after(changes: RowChanges[Any]) -> None:
    if changes and sys.argv[6] == "hang":
        print("written", flush=True)
        await asyncio.Event().wait()


class DyingPostgres(PostgresStore[Any]):
    """Dies inside the transaction."""

    async def upsert(self, connection: Any, changes: RowChanges[Any]) -> None:
        _before(changes)
        await super().upsert(connection, changes)
        await _after(changes)


class DyingRedis(RedisStore[Any]):
    """Dies between the write and the record of it."""

    async def save(self, changes: RowChanges[Any], checkpoint: Checkpoint, after: int | None = None) -> None:
        _before(changes)
        await super().save(changes, checkpoint, after)
        await _after(changes)


class DyingSearch(SearchStore[Any]):
    """Dies between the write and the record of it."""

    async def save(self, changes: RowChanges[Any], checkpoint: Checkpoint, after: int | None = None) -> None:
        _before(changes)
        await super().save(changes, checkpoint, after)
        await _after(changes)


async def main(url: str, redis_url: str, search_url: str, prefix: str, name: str, _: str) -> None:
    """Work until SIGTERM."""
    (kind,) = [found for found in (*DIARIES, *TALLIES) if found.name == name]
    async with opened(url) as place, Yard.opened(place, redis_url, search_url, prefix) as yard:
        followed = await yard.followed(kind, (DyingPostgres, DyingRedis, DyingSearch))
        async with place.working([followed], name="dying"):
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
