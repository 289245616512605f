"""The commands that wait to be appended, and which of them may share a batch."""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator

from app.log.batch import PreparedAppend
from domain.kit.log import Append, Outcome

_MAX_COMMANDS = 256
_MAX_EVENTS = 2_000
_MAX_BYTES = 8 * 1024 * 1024


class PendingAppend:
    """A command on its way and the caller's future."""

    __slots__ = ("answer", "prepared")

    def __init__(self, append: Append) -> None:
        """Check the append; raises ``Unstorable``."""
        self.prepared = PreparedAppend(append)
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def settle(self, outcome: Outcome | Exception) -> None:
        """Answer the caller, unless they were cancelled; the command stands or falls all the same."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class Queue:
    """Commands in order of arrival."""

    def __init__(self) -> None:
        self._waiting: deque[PendingAppend] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, waiting: PendingAppend) -> None:
        """Add a command at the end."""
        self._waiting.append(waiting)

    def take(self) -> list[PendingAppend]:
        """The next commands of which none touches what another writes; the rest keep their places."""
        written: set[Hashable] = set()
        read: set[Hashable] = set()
        batch: list[PendingAppend] = []
        later: list[PendingAppend] = []
        events = size = 0
        while self._waiting and len(batch) < _MAX_COMMANDS and len(later) < _MAX_COMMANDS:
            waiting = self._waiting.popleft()
            if waiting.answer.done():  # Its caller was cancelled before anything was sent.
                continue
            prepared = waiting.prepared
            if batch and (events + prepared.events > _MAX_EVENTS or size + prepared.size > _MAX_BYTES):
                self._waiting.appendleft(waiting)
                break
            free = (
                written.isdisjoint(prepared.writes)
                and read.isdisjoint(prepared.writes)
                and written.isdisjoint(prepared.reads)
            )
            written |= prepared.writes
            read |= prepared.reads
            if free:
                batch.append(waiting)
                events += prepared.events
                size += prepared.size
            else:
                later.append(waiting)
        self._waiting.extendleft(reversed(later))
        return batch

    def drain(self) -> Iterator[PendingAppend]:
        """Everything that waits, when nobody will store it any more."""
        while self._waiting:
            yield self._waiting.popleft()
