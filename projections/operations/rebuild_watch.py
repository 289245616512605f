"""Watches rebuilds for many at once: whoever watches the same one shares the asking."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from projections.kit.rebuild.model import RebuildRecord
from projections.kit.rebuild.requests import Rebuilds


class _Shared:
    """One rebuild under watch: what was read last, and who is told of the next."""

    def __init__(self) -> None:
        self.watchers = 0
        self.latest: RebuildRecord | None = None
        self.next: asyncio.Future[RebuildRecord | None] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None] | None = None


class RebuildWatch:
    """The rebuilds under watch in one process; each is read twice a second, however many watch it."""

    def __init__(self, rebuilds: Rebuilds) -> None:
        self._rebuilds = rebuilds
        self._shared: dict[UUID, _Shared] = {}

    async def states(self, id: UUID) -> AsyncGenerator[RebuildRecord, None]:
        """A rebuild's state, now and at every change, until it no longer proceeds by itself.

        Raises Refused for an id that names none.
        """
        shared = self._shared.get(id)
        if shared is None:
            shared = self._shared[id] = _Shared()
            shared.task = asyncio.create_task(self._read(id, shared), name=f"rebuild {id}")
        shared.watchers += 1
        try:
            said: RebuildRecord | None = None
            if shared.latest is not None:
                said = shared.latest
                yield said
            while (following := await asyncio.shield(shared.next)) is not None:
                if following != said:
                    said = following
                    yield said
            if shared.latest is not None and shared.latest != said:
                # Who is slow may skip what lay between, but not how it ended.
                yield shared.latest
        finally:
            shared.watchers -= 1
            if not shared.watchers:
                self._forget(id, shared)

    async def _read(self, id: UUID, shared: _Shared) -> None:
        try:
            async for state in self._rebuilds.watch(id):
                shared.latest = state
                _tell(shared, state)
        except Exception as error:  # noqa: BLE001  It belongs to those who watch.
            shared.next.set_exception(error)
            # Perhaps nobody is left to be told.
            shared.next.exception()
        else:
            shared.next.set_result(None)
        finally:
            # Whoever comes from now on asks again.
            self._forget(id, shared)

    def _forget(self, id: UUID, shared: _Shared) -> None:
        if self._shared.get(id) is shared:
            del self._shared[id]
        if shared.task is not None and shared.task is not asyncio.current_task():
            shared.task.cancel()


def _tell(shared: _Shared, state: RebuildRecord) -> None:
    waiting, shared.next = shared.next, asyncio.get_running_loop().create_future()
    waiting.set_result(state)
