"""Starts a rebuilder beside a worker whenever there is something to rebuild."""

import asyncio
import logging
import os
import signal
import sys

from app.embedded.process import leashed
from app.entry.garbage_collector import collect_seldom
from app.settings import Settings
from app.storage.database import Pool
from projections.kit.background import Rest
from projections.kit.rebuild.cleanup import waiting

_logger = logging.getLogger(__name__)

_PAUSE = 1.0
_PATIENCE = 10.0


class Rebuilding:
    """Looks whether a rebuilder has anything to do, and runs one as a child process while it has.

    A process of its own, so that folding the whole log never stands in the way of the live views; it ends
    with its worker, however that ends.
    """

    def __init__(self, settings: Settings, pool: Pool, *, rest: Rest) -> None:
        """``rest``: waits until there may be something to do."""
        self._settings = settings
        self._pool = pool
        self._rest = rest
        self._stores = ["postgres", "redis", *(["search"] if settings.opensearch_url else [])]

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                if not await waiting(self._pool, self._stores):
                    await self._rest()
                    continue
                await self._rebuild()
            except Exception as error:  # noqa: BLE001  # A database that is away comes back.
                _logger.warning("Cannot read whether there is anything to rebuild: %r", error)
            await asyncio.sleep(_PAUSE)

    async def _rebuild(self) -> None:
        command = [sys.executable, "-m", __name__]
        child = await asyncio.create_subprocess_exec(
            *leashed(command, orphan_signal=signal.SIGKILL, identity="own"),
            env={**os.environ, **self._settings.environ()},
        )
        try:
            if code := await child.wait():
                _logger.error("The rebuilder ended with %s; it is started again.", code)
        finally:
            if child.returncode is None:
                child.terminate()
                try:
                    async with asyncio.timeout(_PATIENCE):
                        await child.wait()
                except TimeoutError:
                    child.kill()


if __name__ == "__main__":
    # All that a rebuilder needs is loaded after this, in three quarters of the time.
    collect_seldom()
    from app.entry.rebuilder import main

    main()
