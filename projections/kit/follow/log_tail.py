"""The newest events of the log in memory, read once for many readers at different places."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class LogTail(Generic[T]):
    """Events by position, without gaps, up to the last one that is known.

    A slow reader holds nothing: events leave the memory by count and size, whoever has not seen them.
    """

    def __init__(self, size: Callable[[T], int], *, most: int, most_bytes: int = 64 * 1024 * 1024) -> None:
        """At most so many events, of so many bytes by their ``size``, are kept, whichever is less."""
        self._most, self._most_bytes, self._size = most, most_bytes, size
        self._events: list[T] = []
        self._bytes = 0
        self._before = 0
        """The position before the first event in memory."""
        self._changed = asyncio.Event()
        self._error: Exception | None = None

    def __len__(self) -> int:
        """How many events are in memory."""
        return len(self._events)

    @property
    def head(self) -> int:
        """The last position that is known."""
        return self._before + len(self._events)

    def begin(self, head: int) -> None:
        """Hold no events; the log reaches to ``head``."""
        self._events, self._bytes, self._before = [], 0, head
        self.wake()

    def extend(self, events: Sequence[T]) -> None:
        """Take the events that follow on the head."""
        self._events += events
        self._bytes += sum(map(self._size, events))
        if len(self._events) > self._most or self._bytes > self._most_bytes:
            self._trim()
        self.wake()

    def after(self, position: int, limit: int) -> list[T] | None:
        """At most ``limit`` events after a position, none at the head; None when they have left the memory."""
        start = position - self._before
        return None if start < 0 else self._events[start : start + limit]

    async def changed(self) -> None:
        """Wait until there are more events, or somebody is to look again. Raises what `fail` was told."""
        if self._error is None:
            await self._changed.wait()
        if self._error is not None:
            raise self._error

    def wake(self) -> None:
        """Let everybody who waits look again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def fail(self, error: Exception) -> None:
        """Have all readers fail: a tail that stands still in silence would look like a quiet day."""
        self._error = error
        self.wake()

    def _trim(self) -> None:
        # By half, so that dropping from the front of a list costs little per event.
        kept = self._bytes = 0
        for size in map(self._size, reversed(self._events)):
            if kept == self._most // 2 or self._bytes + size > self._most_bytes // 2:
                break
            kept, self._bytes = kept + 1, self._bytes + size
        dropped = len(self._events) - kept
        del self._events[:dropped]
        self._before += dropped
