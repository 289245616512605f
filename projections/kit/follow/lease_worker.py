"""Runs tasks while their leases are held: the loop of the workers of views, of rebuilds and of processes."""

import asyncio
import logging
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from projections.kit.background import end, happens
from projections.kit.connections import CONNECTION_FAILED
from projections.kit.store.generations import Connect, Connection
from projections.kit.store.store import LeaseLost

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class LeasedTask:
    """A task that runs as long as its lease, which is locked by this id, is held."""

    id: int
    task: "asyncio.Task[None]"
    stop: Callable[[], None] = lambda: None
    """Asks the task to end by itself."""


T = TypeVar("T", bound=LeasedTask)


class LeaseWorker(ABC, Generic[T]):
    """One worker's part of the leases of a kind. Start as many workers as you like, on any machine.

    A lease is an advisory lock of this worker's own session, so it ends with the process. A lost session
    costs the leases for a moment, no more: its tasks end at once, for others may hold the leases by now.
    """

    _grace: ClassVar[float] = 0
    """Seconds that a task may take to end by itself when its lease is given back."""

    def __init__(self, connect: Connect, *, name: str, beat: float) -> None:
        """``beat``: seconds between two turns; a tenth of them at the least, however much happens."""
        self._connect = connect
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._beat = beat
        self._tasks: dict[int, T] = {}
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()

    def stop(self) -> None:
        """End `run` in order: what is at hand may be finished, and leases are given back."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped or cancelled."""
        while not self._stopping.is_set():
            try:
                await self._session()
            except CONNECTION_FAILED as error:
                _logger.warning("%s has lost the session of its leases: %r", type(self).__name__, error)
                await happens(self._stopping, within=self._beat)

    @abstractmethod
    async def _begin(self, connection: Connection) -> None:
        """Join the workers, and prepare the session."""

    @abstractmethod
    async def _turn(self, connection: Connection) -> None:
        """Show that we live, and take or release leases."""

    @abstractmethod
    async def _give_back(self, connection: Connection, leased: Collection[T]) -> None:
        """End the leases of tasks that have ended."""

    async def _leave(self, connection: Connection) -> None:
        """Leave the workers; all leases are given back."""

    async def _ended(self, leased: T, error: BaseException | None) -> None:
        """A task has ended by itself."""
        if isinstance(error, LeaseLost):
            _logger.info("The lease of %s ended: %s.", leased.task.get_name(), error)
        elif error is not None:
            _logger.error("%s ended.", leased.task.get_name(), exc_info=error)

    async def _session(self) -> None:
        connection = await self._connect()
        try:
            await self._begin(connection)
            while not self._stopping.is_set():
                self._woken.clear()
                await self._reap(connection)
                await self._turn(connection)
                await happens(self._stopping, within=self._beat * 0.1)
                await happens(self._woken, within=self._beat * 0.9)
            await self._release(connection, [*self._tasks.values()])
            await self._leave(connection)
        finally:
            await self._end(self._tasks.values())
            self._tasks.clear()
            connection.terminate()

    async def _reap(self, connection: Connection) -> None:
        """Give back the leases of tasks that have ended by themselves."""
        ended = [lease for lease in self._tasks.values() if lease.task.done()]
        for lease in ended:
            if not lease.task.cancelled():
                await self._ended(lease, lease.task.exception())
        await self._release(connection, ended)

    async def _release(self, connection: Connection, leased: Collection[T]) -> None:
        """End tasks, in order where they can, and give their leases back."""
        if not leased:
            return
        for lease in leased:
            lease.stop()
        await asyncio.wait([lease.task for lease in leased], timeout=self._grace)
        await self._end(leased)
        await self._give_back(connection, leased)
        for lease in leased:
            self._tasks.pop(lease.id, None)

    async def _end(self, leased: Collection[T]) -> None:
        await end(*(lease.task for lease in leased))

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """A task whose end is noticed soon."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda _: self._woken.set())
        return task
