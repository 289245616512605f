"""Looks into files: in threads of their own, so that nothing else waits for these."""

import asyncio
import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from app.imports.file_rows import FileUnreadable
from domain.kit.process.files import OpenFile

_TOGETHER = 2
"""Files that a process looks into at once."""
_SECONDS = 30.0
"""That a look may take."""

T = TypeVar("T")


class Looks:
    """Of one tenant there is one at a time; one that has begun goes on until it ends or has had its time, asked
    for or not."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_TOGETHER, thread_name_prefix="looks")
        self._turns = WeakValueDictionary[UUID, asyncio.Lock]()

    async def of(self, tenant_id: UUID, file: OpenFile, look: Callable[[BinaryIO], T]) -> T:
        """What looking into a file gives. Raises what reading it does, and FileUnreadable after too long, in which
        waiting for a thread counts."""
        turn = self._turns.setdefault(tenant_id, asyncio.Lock())
        await turn.acquire()
        until = time.monotonic() + self._seconds

        def looked() -> T:
            return look(_Timed(file.reader(), until))

        try:
            queued = self._threads.submit(looked)
            begun = asyncio.wrap_future(queued)
        except BaseException:
            turn.release()
            raise

        def over(done: "asyncio.Future[T]") -> None:
            turn.release()
            # Whoever asked may be gone: then nobody hears of it.
            if not done.cancelled():
                done.exception()

        begun.add_done_callback(over)
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            # Nothing comes of this once it has begun.
            queued.cancel()
            raise

    def close(self) -> None:
        """Begin no more of them."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Timed(io.RawIOBase, BinaryIO):
    """A file that can be read until a moment."""

    def __init__(self, file: BinaryIO, until: float) -> None:
        super().__init__()
        self._file, self._until = file, until

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        self._require_time()
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        self._require_time()
        return self._file.read(size)

    def _require_time(self) -> None:
        if time.monotonic() > self._until:
            raise FileUnreadable("It takes too long to look into the file.")
