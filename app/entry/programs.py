"""Headwater's own processes, the API and the worker, as the supervisor starts them."""

import signal
import socket
import sys
from pathlib import Path

import httpx

from app.embedded.folder import DataFolder
from app.embedded.process import ChildProcess
from app.settings import Settings


class Program:
    """One ``headwater`` command as a child process; it reads ``settings`` from its environment."""

    def __init__(
        self,
        name: str,
        command: str,
        *,
        settings: Settings,
        folder: DataFolder,
        listener: socket.socket | None = None,
    ) -> None:
        """``listener`` is handed over, and GraphQL is served on it."""
        self.name = name
        self._command: list[str | Path] = [sys.executable, "-m", "app.cli", command]
        self._keep = [folder.lock]
        self._listener = listener
        if listener is not None:
            self._command += ["--fd", str(listener.fileno())]
            self._keep.append(listener.fileno())
        self._environment = settings.environ()
        self._folder = folder
        self._health = None if listener is None else f"{address(settings)}/health/live"
        self.process: ChildProcess | None = None

    def start(self) -> None:
        """Start the process without waiting for it."""
        self.process = ChildProcess(
            self.name,
            self._command,
            log=self._folder.log(self.name.lower()),
            stop_signal=signal.SIGTERM,
            orphan_signal=signal.SIGKILL,
            environment=self._environment,
            keep=self._keep,
            secrets=True,
        )

    async def ready(self) -> None:
        """Wait until the process answers, if it is one that does."""
        assert self.process is not None, "start() comes first"
        if self._health is not None:
            await self.process.until(self._answers, seconds=60)

    async def stop(self) -> None:
        """Let it finish what it is doing, for at most 20 seconds."""
        if self.process is not None:
            await self.process.stop(seconds=20)

    async def _answers(self) -> bool:
        # Whoever answers has the socket from here; the certificate may be for another name.
        async with httpx.AsyncClient(timeout=5, trust_env=False, verify=False) as client:
            try:
                return (await client.get(f"{self._health}")).is_success
            except httpx.TransportError:
                return False


def api(settings: Settings, folder: DataFolder, listener: socket.socket) -> Program:
    """The process that serves GraphQL on ``listener``, which nobody else can have."""
    return Program("API", "api", settings=settings, folder=folder, listener=listener)


def worker(settings: Settings, folder: DataFolder) -> Program:
    """The process that folds the log into the views."""
    return Program("Worker", "worker", settings=settings, folder=folder)


def address(settings: Settings) -> str:
    """Where a browser on this machine reaches the API."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://[{host}]:{settings.port}" if ":" in host else f"{scheme}://{host}:{settings.port}"
