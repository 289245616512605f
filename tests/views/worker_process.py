"""A worker as a process of its own, for tests that stop and kill it: ``python -m ... URL NAME``."""

import asyncio
import signal
import sys
from typing import ClassVar

from projections.kit.declare.postgres import Index, PostgresView
from tests.views.place import opened
from tests.views.toys import JarRow, Jars, ShelfRow, Shelves


class MoreJars(Jars, PostgresView[JarRow], name="toys.more_jars"):
    """A third lane; names of indexes are unique in a schema."""

    indexes: ClassVar[tuple[Index, ...]] = ()


class MoreShelves(Shelves, PostgresView[ShelfRow], name="toys.more_shelves", key=("shelf", "colour")):
    """A fourth lane."""


VIEWS = (Jars, Shelves, MoreJars, MoreShelves)


async def main(url: str, name: str) -> None:
    """Work until SIGTERM."""
    async with opened(url) as place:
        async with place.working(await place.followed(*(view() for view in VIEWS)), name=name):
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
