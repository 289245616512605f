"""Folders in memory for what the servers of a run keep, which nobody reads after it."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

_MEMORY = Path("/dev/shm")
_ENOUGH = 10 * 2**30
"""Bytes that a machine has to spare before its memory is used for files; all processes of a run ask at once."""
_NAME, _OWNED = "headwater-tests-", "owned"


@contextmanager
def folder_in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder in memory, where files are made and dropped at a twentieth of a disk's cost; else ``otherwise``.

    Folders that a run left behind when it was killed are removed.
    """
    for left in _MEMORY.glob(f"{_NAME}*"):
        _remove_unowned(left)
    if not _MEMORY.is_dir() or min(_spare()) < _ENOUGH:
        yield otherwise
        return
    with TemporaryDirectory(prefix=_NAME, dir=_MEMORY, ignore_cleanup_errors=True) as folder:
        # Whoever looks between the two finds no file, and leaves the folder alone.
        with (Path(folder) / _OWNED).open("x") as owned:
            fcntl.flock(owned, fcntl.LOCK_EX)
            yield Path(folder)


def _remove_unowned(folder: Path) -> None:
    """Remove a folder whose owner has gone; one that says nothing of an owner is left alone."""
    with suppress(OSError), (folder / _OWNED).open() as owned:
        fcntl.flock(owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)


def _spare() -> tuple[int, int]:
    return shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available
