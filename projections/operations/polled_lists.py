"""Lists that no event tells of: read once a second for all who watch them, and never while nobody does."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

PAUSE = 1.0
"""Seconds between two readings of a list."""

# Things of any type, each under what names it.
Things = Mapping[Hashable, Any]
Read = Callable[[], Awaitable[Sequence[Any]]]


class PolledLists:
    """The lists that are watched in one process, by name."""

    def __init__(self) -> None:
        self._polled: dict[str, _Polled] = {}

    async def states(
        self, name: str, read: Read, named: Callable[[Any], Hashable]
    ) -> AsyncGenerator[Things, None]:
        """A list as it stands, now and about once a second; what lies between two looks is not seen.

        Raises what reading it raises.
        """
        polled = self._polled.get(name)
        if polled is None:
            polled = self._polled[name] = _Polled(read, named, lambda: self._forget(name, polled))
        async with aclosing(polled.states()) as states:
            async for state in states:
                yield state

    def _forget(self, name: str, polled: "_Polled | None") -> None:
        # It may have failed before, and another one come in its place.
        if self._polled.get(name) is polled:
            del self._polled[name]

    @property
    def read_now(self) -> frozenset[str]:
        """Which lists are being read."""
        return frozenset(self._polled)


class _Polled:
    def __init__(self, read: Read, named: Callable[[Any], Hashable], forget: Callable[[], object]) -> None:
        self._read, self._named, self._forget = read, named, forget
        self._watchers = 0
        self._next: asyncio.Future[Things] = asyncio.get_running_loop().create_future()
        self._latest: Things | None = None
        self._task: asyncio.Task[None] | None = None

    async def states(self) -> AsyncGenerator[Things, None]:
        self._watchers += 1
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name="polled list")
            if self._latest is not None:
                yield self._latest
            while True:
                yield await asyncio.shield(self._next)
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._forget()
                if self._task is not None:
                    self._task.cancel()

    async def _run(self) -> None:
        try:
            while True:
                self._latest = {self._named(thing): thing for thing in await self._read()}
                waiting, self._next = self._next, asyncio.get_running_loop().create_future()
                waiting.set_result(self._latest)
                await asyncio.sleep(PAUSE)
        except Exception as error:  # noqa: BLE001  It belongs to those who watch.
            # Whoever comes from now on has it read again.
            self._forget()
            self._next.set_exception(error)
            # Perhaps nobody is left to be told.
            self._next.exception()
