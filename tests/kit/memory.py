"""Folders in memory for what the servers of a run keep, which nobody reads after it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

_MEMORY = Path("/dev/shm")
_ENOUGH = 10 * 2**30
"""Bytes that a machine has to spare before its memory is used for files; all processes of a run ask at once."""
_NAME = "headwater-tests-"


@contextmanager
def folder_in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder in memory, where files are made and dropped at a twentieth of a disk's cost; else ``otherwise``."""
    for left in _MEMORY.glob(f"{_NAME}*"):
        owner = left.name.removeprefix(_NAME).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    if not _MEMORY.is_dir() or min(_spare()) < _ENOUGH:
        yield otherwise
        return
    prefix = f"{_NAME}{os.getpid()}-"
    with TemporaryDirectory(prefix=prefix, dir=_MEMORY, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _spare() -> tuple[int, int]:
    return shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available
