"""The search server of a run: the real OpenSearch when it can be had, else the stand-in, on one port."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from app.embedded import distribution
from app.embedded.folder import DataFolder
from app.embedded.opensearch import OpenSearch, free_port
from app.embedded.osmem import Osmem
from app.embedded.process import EmbeddedError
from projections.kit.background import end

_NAME = f"OpenSearch {distribution.VERSION}"
_STAND_IN = (
    "Search: osmem, an in-memory stand-in for OpenSearch, because {reason} It is filled from the log "
    "at every start, knows no synonyms or scripts, and is slow beyond 50,000 documents."
)


class EmbeddedSearch:
    """Starts in the background: ``url`` is known at once, ``ready()`` waits until it answers."""

    def __init__(self, folder: DataFolder, *, cache: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._cache = cache
        self._say = say
        self._port = free_port(_kept_port(folder.path / "search.port"))
        self._starting: asyncio.Task[None] | None = None
        self.server: OpenSearch | Osmem | None = None
        self.kind = "opensearch" if distribution.obtainable(cache) else "osmem"

    @property
    def url(self) -> str:
        """Where the server answers once it is ready."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Begin fetching (the first time) and starting; say which server it is and what that means."""
        (self._folder.path / "search.port").write_text(str(self._port))
        self._starting = asyncio.create_task(self._start())

    async def ready(self) -> None:
        """Wait until search answers. Raises EmbeddedError when no search server can run here."""
        assert self._starting is not None, "start() comes first"
        await asyncio.shield(self._starting)

    async def stop(self) -> None:
        """Stop fetching, starting or running, whichever it is."""
        await end(self._starting, patience=30)
        if self.server is not None:
            await self.server.stop()

    async def _start(self) -> None:
        if self.kind == "osmem":
            self._say(_STAND_IN.format(reason="Maven (mvn), which fetches OpenSearch, is not installed."))
            return await self._run(
                Osmem(port=self._port, log=self._folder.log("osmem"), keep=(self._folder.lock,))
            )
        try:
            await self._start_opensearch()
        except EmbeddedError as error:
            if self.server is not None:
                await self.server.stop()
            self.kind = "osmem"
            self._say(_STAND_IN.format(reason=str(error)))
            await self._run(Osmem(port=self._port, log=self._folder.log("osmem"), keep=(self._folder.lock,)))

    async def _start_opensearch(self) -> None:
        if distribution.cached(self._cache) is None:
            self._say(f"Search: fetching {_NAME} (160 MB, once); Postgres answers until it is there.")
        found = await distribution.fetch(self._cache)
        self._say(f"Search: {_NAME} is starting (about 10 s); Postgres answers until it is up.")
        await self._run(
            OpenSearch(
                self._folder.path / "opensearch",
                distribution=found,
                port=self._port,
                log=self._folder.log("opensearch"),
                keep=(self._folder.lock,),
            )
        )

    async def _run(self, server: OpenSearch | Osmem) -> None:
        self.server = server
        server.start()
        await server.ready()
        self._say(f"Search: {server.name} answers.")


def _kept_port(file: Path) -> int:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0
