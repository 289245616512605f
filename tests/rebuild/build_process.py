"""A build as a process of its own, for a test that kills it: ``python -m ... URL GENERATION``."""

import asyncio
import sys
from typing import Any

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from projections.kit.declare.view import RowChanges
from projections.kit.store.store import Checkpoint
from tests.rebuild.faulty import Sliced
from tests.rebuild.histories import Carried
from tests.rebuild.site import Built, Site
from tests.views.place import opened


async def main(url: str, generation: int) -> None:
    """Build slowly, and say each position that is stored."""
    async with opened(url) as place, Redis() as redis, AsyncOpenSearch() as search:
        site = Site(place, redis, search, "")
        view = Carried()
        built = Built(view, site.store(view, generation), generation)
        inner = built.store.save

        async def saying(changes: RowChanges[Any], checkpoint: Checkpoint, after: int | None = None) -> None:
            await inner(changes, checkpoint, after)
            print(checkpoint.position, flush=True)

        built.store.save = saying  # type: ignore[method-assign]
        built.store.bulk_rows = 1  # type: ignore[attr-defined]
        log = Sliced(place.log, size=1)
        await (await site.builder(built, log=log, page=1, rate=300)).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
