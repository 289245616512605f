"""The commands that wait to be appended, and which of them may share a batch."""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator, Sequence

from app.log.batch import PreparedAppend
from domain.kit.log import Append, Outcome

_MAX_COMMANDS = 256
_MAX_EVENTS = 2_000
_MAX_BYTES = 8 * 1024 * 1024


class Answers:
    """What becomes of the commands that one caller waits for, in their order."""

    __slots__ = ("_outcomes", "_waiting", "all")

    def __init__(self, count: int) -> None:
        """``count``: how many there are, 1 at least."""
        self._outcomes: list[Outcome | Exception | None] = [None] * count
        self._waiting = count
        self.all: asyncio.Future[Sequence[Outcome | Exception | None]] = (
            asyncio.get_running_loop().create_future()
        )
        """Done once each command is answered; none of its outcomes is None then."""

    def settle(self, place: int, outcome: Outcome | Exception) -> None:
        """Answer for one, the first time that something is said of it."""
        if self._outcomes[place] is None:
            self._outcomes[place] = outcome
            self._waiting -= 1
            if not self._waiting and not self.all.done():
                self.all.set_result(self._outcomes)


class PendingAppend:
    """A command on its way, and where its caller waits for the outcome."""

    __slots__ = ("_answers", "_place", "prepared")

    def __init__(self, append: Append, answers: Answers, place: int = 0) -> None:
        """Check the append; raises ``Unstorable``."""
        self.prepared = PreparedAppend(append)
        self._answers = answers
        self._place = place

    @property
    def is_answered(self) -> bool:
        """Whether its caller waits no more."""
        return self._answers.all.done()

    @property
    def is_abandoned(self) -> bool:
        """Whether its caller was cancelled."""
        return self._answers.all.cancelled()

    def settle(self, outcome: Outcome | Exception) -> None:
        """Answer the caller, unless they were cancelled; the command stands or falls all the same."""
        self._answers.settle(self._place, outcome)


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
            if waiting.is_abandoned:  # Nothing of it was sent.
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
