"""The run's one OpenSearch, shared by all processes of the run: a start is many seconds of work."""

import asyncio
import json
from pathlib import Path
from threading import Event, Thread

from app.embedded import distribution
from app.embedded.opensearch import OpenSearch, free_port
from app.embedded.process import EmbeddedError
from app.settings import read_settings
from tests.kit.memory import folder_in_memory
from tests.kit.processes import until

_WANTED, _TOLD = "opensearch-wanted", "opensearch.json"


class SearchServer(Thread):
    """Starts the server when a process of the run first wants it, and stops it at the end of the run.

    Its folder is the run's: there processes say that they want it, and are told where it is, or why there is none.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(name="opensearch", daemon=True)
        self._folder = folder
        self._ending = Event()

    def end(self) -> None:
        """Stop the server, and wait until it has gone."""
        self._ending.set()
        self.join()

    def run(self) -> None:
        """See `Thread`; the server goes with the thread that starts it, so that one waits here."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        while not (self._folder / _WANTED).exists():
            if await self._ended(within=0.05):
                return
        with folder_in_memory(self._folder / "opensearch") as folder:
            server: OpenSearch | None = None
            try:
                found = await distribution.fetch(read_settings({}).cache)
                server = OpenSearch(
                    folder / "data", distribution=found, port=free_port(), log=folder / "opensearch.log"
                )
                server.start()
                await server.ready()
                self._tell({"url": server.url})
            except EmbeddedError as error:
                self._tell({"error": str(error)})
            await self._ended()
            if server is not None and server.process is not None:
                # Nobody reads again what it holds.
                server.process.kill()

    async def _ended(self, within: float | None = None) -> bool:
        return await asyncio.to_thread(self._ending.wait, within)

    def _tell(self, told: dict[str, str]) -> None:
        draft = self._folder / f"new-{_TOLD}"
        draft.write_text(json.dumps(told))
        draft.rename(self._folder / _TOLD)


def want_search(folder: Path) -> None:
    """Have the server started, without waiting, so that the start passes beside the first tests."""
    (folder / _WANTED).touch()


async def search_url(folder: Path) -> str:
    """The server's address, once it answers. Raises EmbeddedError where OpenSearch cannot be had."""
    want_search(folder)
    told = folder / _TOLD
    await until(told.exists, seconds=600)
    answer = json.loads(told.read_text())
    if "error" in answer:
        raise EmbeddedError(answer["error"])
    return str(answer["url"])
