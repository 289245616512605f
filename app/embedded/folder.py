"""The data folder: one run at a time, one layout, room on its disk, and short paths for sockets."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.embedded.process import EmbeddedError, require_space

_LAYOUT = "1"
_PATIENCE = 60.0
"""Seconds in which the servers of an earlier run stop."""
_SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A data folder that this process holds; ``lock`` is inherited by every server on it."""

    path: Path
    sockets: Path
    lock: int

    def log(self, name: str) -> Path:
        """The log file of the server ``name``."""
        return self.path / "logs" / f"{name}.log"


@asynccontextmanager
async def held(path: Path) -> AsyncIterator[DataFolder]:
    """Make and lock the data folder ``path`` for as long as the block runs.

    The servers inherit the lock, so it is free only when the last of them has ended: a start right after
    ``kill -9`` waits for them here. Raises EmbeddedError when another run holds it, the folder is not
    ours or of another layout, or its disk is full.
    """
    path, lock, new = _opened(path)
    try:
        await _acquire(lock, path)
        yield DataFolder(path=path, sockets=_socket_folder(path), lock=lock)
    except BaseException:
        if new and not _worth_keeping(path):
            shutil.rmtree(path, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _worth_keeping(path: Path) -> bool:
    """Whether a start that failed has left data in a folder that it made, or a server's last words."""
    kept = ("postgres", "valkey", "opensearch", "keys", "mail", "exports")
    logs = path / "logs"
    said = logs.is_dir() and any(log.stat().st_size for log in logs.iterdir())
    return said or any(_holds(path / name) for name in kept)


def _opened(path: Path) -> tuple[Path, int, bool]:
    """The whole path, the file of its lock, and whether the folder was made for it."""
    path = path.absolute()
    new = not path.exists()
    try:
        require_space(path, new=not (path / "layout").exists())
        _make(path)
        return path, os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), new
    except PermissionError:
        raise EmbeddedError(
            f"The data folder {path} belongs to another user; set HEADWATER_DATA_DIR."
        ) from None
    except OSError as error:
        raise EmbeddedError(f"The data folder {path} cannot be used: {error.strerror}.") from error


def begun(path: Path) -> bool:
    """Whether a Postgres of ours lies in the data folder ``path``, whole or not."""
    return (path / "layout").exists() and _holds(path / "postgres")


def _holds(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def in_use(path: Path) -> bool:
    """Whether a run, or a server of one that was killed, holds the data folder ``path``."""
    try:
        lock = os.open(path / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


_NOT_OURS = {"lock", "layout.new", "keys", "mail", "exports", "files"}
"""What may be there: what was begun, and what an API or a worker keeps that uses servers of somebody's own."""


def _make(path: Path) -> None:
    layout = path / "layout"
    if not layout.exists():
        if path.exists() and (not path.is_dir() or set(os.listdir(path)) - _NOT_OURS):
            raise EmbeddedError(f"{path} is not a data folder of Headwater, and it is not empty.")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path / "layout.new"
        draft.write_text(_LAYOUT + "\n")
        draft.rename(layout)
    if (found := layout.read_text().strip()) != _LAYOUT:
        raise EmbeddedError(
            f"The data folder {path} has layout {found!r}; this version reads layout {_LAYOUT}."
        )


async def _acquire(lock: int, path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
            if _alive(holder):
                raise EmbeddedError(f"Headwater already runs on {path} (process {holder}).") from None
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"A server of an earlier run on {path} does not stop{_who(path)}."
                ) from None
            await asyncio.sleep(0.05)
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            return


def _who(path: Path) -> str:
    """The processes that have the lock of ``path`` open besides this one, as far as we may look."""
    lock, others = str(path / "lock"), list[int]()
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(file.path == lock for file in process.open_files()):
                others.append(process.pid)
        except psutil.Error:
            continue
    return f" ({', '.join(f'process {pid}' for pid in others)})" if others else ""


def _alive(holder: str) -> bool:
    try:
        return psutil.Process(int(holder)).status() != psutil.STATUS_ZOMBIE
    except (ValueError, psutil.NoSuchProcess):
        return False


def _socket_folder(path: Path) -> Path:
    """``run`` in the data folder, or a folder with a short path when that one is too long for sockets."""
    folder = path / "run"
    if len(os.fsencode(folder)) + _LONGEST_SOCKET_NAME > _SOCKET_PATH_LIMIT:
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"headwater-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (os.geteuid() != 0 and found.st_uid != os.geteuid()):
        raise EmbeddedError(f"{folder} is needed for sockets, but it belongs to someone else.")
    folder.chmod(0o700)
    return folder
