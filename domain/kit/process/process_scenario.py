"""A process played through in a test: its reactions alone, without a log, a clock, a mock or I/O.

    rehearse(reminder).happens(CREATED).due("remind").decides(reminder.Remind(task_id=TASK, ...))

It all happens to one instance, each thing at the moment of the last one unless a timer or ``at`` says otherwise.
"""

from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.process.effects import Cancel, Done, Effect, Failed, Fired, Schedule, Send, Then
from domain.kit.process.process import Process
from domain.kit.scenario import NOON

State = TypeVar("State")

_ID = UUID(int=1)


class ProcessScenario(Generic[State]):
    """An instance of a process, and what it last decided."""

    def __init__(self, process: Process[State], id: UUID) -> None:
        self.state: State | None = None
        self.timers: dict[str, datetime] = {}
        """What is scheduled, and for when."""
        self.decided: list[Effect | Command] = []
        """Effects and commands of the last answer."""
        self.moment = NOON
        self._process = process
        self._id = id
        self._version = 0

    def happens(self, event: Event, *, at: datetime | None = None) -> Self:
        """An event of the stream that the instance goes by."""
        self.moment = at or self.moment
        self._version += 1
        return self._answer(
            self._process.react(self.state, event.stamped(self._id, self._version, self.moment))
        )

    def due(self, timer: str) -> Self:
        """The time of a timer has come. KeyError when it is not scheduled."""
        due_at = self.timers.pop(timer)
        self.moment = max(self.moment, due_at)
        fired = Fired(timer=timer, instance=str(self._id), due_at=due_at, at=self.moment)
        return self._answer(self._process.fire(self.state, fired))

    def done(self, result: object = None) -> Self:
        """The first thing that it decided last was done."""
        # The kind of action is known only to whoever hears of it.
        outcome: Done[Any] = Done(action=self.decided[0], at=self.moment, result=result)
        return self._answer(self._process.hear(self.state, outcome))

    def failed(self, error: str = "failed", *, certain: bool = True) -> Self:
        """The first thing that it decided last was given up."""
        outcome: Failed[Any] = Failed(action=self.decided[0], at=self.moment, error=error, certain=certain)
        return self._answer(self._process.hear(self.state, outcome))

    def decides(self, *expected: Effect | Command) -> Self:
        """The last answer decided on exactly these effects and commands."""
        assert self.decided == list(expected)
        return self

    def _answer(self, then: Then[State] | None) -> Self:
        self.decided = []
        if then is None:
            return self
        self.state = then.state
        for action in then.actions:
            if isinstance(action, Schedule):
                self.timers[action.timer] = action.at
            elif isinstance(action, Cancel):
                self.timers.pop(action.timer, None)
            elif isinstance(action, Send):
                self.decided.append(action.command)
            elif isinstance(action, Effect):
                self.decided.append(action)
        if then.state is None:
            self.timers.clear()
        return self


def rehearse(process: Process[State], *, id: UUID = _ID) -> ProcessScenario[State]:
    """A new instance of the process, which goes by this id."""
    return ProcessScenario(process, id)
