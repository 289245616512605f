"""``osmem-server``: an in-memory stand-in that speaks OpenSearch's protocol, for machines without Maven."""

import importlib.util
import signal
from pathlib import Path

from app.embedded.opensearch import healthy
from app.embedded.process import ChildProcess, EmbeddedError


class Osmem:
    """A search server that forgets everything when it stops; the views refill it from the log."""

    name = "osmem"
    kind = "osmem"

    def __init__(self, *, port: int, log: Path, keep: tuple[int, ...] = ()) -> None:
        self._port = port
        self._log = log
        self._keep = keep
        self.process: ChildProcess | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server without waiting for it."""
        command: list[str | Path] = [_binary(), "-addr", f"127.0.0.1:{self._port}", "-no-stdin-watch"]
        # It has nothing to save, and would wait for its clients to leave.
        self.process = ChildProcess(
            self.name, command, log=self._log, stop_signal=signal.SIGKILL, keep=self._keep
        )

    async def ready(self) -> None:
        """Wait until requests are answered."""
        assert self.process is not None, "start() comes first"
        await self.process.until(lambda: healthy(self.url), seconds=30)

    async def stop(self) -> None:
        """Stop; there is nothing to keep."""
        if self.process is not None:
            await self.process.stop(seconds=5)


def _binary() -> Path:
    spec = importlib.util.find_spec("osmem_server")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "No search server is installed: install headwater[embedded] or set HEADWATER_OPENSEARCH_URL."
        )
    return Path(spec.origin).parent / "bin" / "osmem-server"
