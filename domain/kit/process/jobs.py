"""Jobs: long work that is done part by part, can be paused, resumed and cancelled, and goes on after a kill.

A job is an aggregate that derives from `Job`, which people direct, and a process that derives from `JobRun`,
which does the work: one part at a time, each noted in the same transaction as how far the job is. A part that
was interrupted is done again from where it began, so it must do nothing twice.

    class Import(Job, topic="gateway.import"):
        class Started(Event): ...

    class ImportRun(JobRun[Terms], of=Import, name="gateway.import", version=1):
        async def part(self, terms: Terms, call: Call[JobState[Terms]], at: datetime) -> Part: ...
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from operator import methodcaller
from types import new_class
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal, Len
from domain.kit.process.effects import Call, Done, Effect, Failed, Send, Then
from domain.kit.process.process import By, Process, on, performs, when_done, when_failed
from domain.kit.refusals import Refusal

Terms = TypeVar("Terms")

SPOKEN = timedelta(seconds=1)
"""How long a job that runs says nothing of its progress at least."""

MOST_JOBS = 10
"""Jobs of a kind that a tenant may have running or paused at once."""

StartedBy = Annotated[
    UUID, Internal(), Describe("Who started it; what they may not do as it goes on is not done.")
]
Failure = Annotated[str, Len(0, 100), Internal(), Describe("Why it cannot go on, in a word.")]


class JobStatus(StrEnum):
    """The status of long work."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class JobNotRunning(Refusal):
    """This is not running, but {status}."""


class JobNotHeld(Refusal):
    """This can be resumed when it is paused or has failed; it is {status}."""


class JobIsOver(Refusal):
    """This is over: it is {status}."""


class TooManyJobs(Refusal):
    """A tenant has {most} {what} that run or are paused at the most; wait until one is over, or cancel one."""


class Job(Aggregate, topic=None):
    """Long work, as people direct it. Each kind has these events of its own, and derives those that say more.
    How far it is may be told after it was paused or cancelled, for what was under way then."""

    class Paused(Event): ...

    class Resumed(Event): ...

    class Cancelled(Event): ...

    class Finished(Event): ...

    class Failed(Event):
        error: Failure

    status: JobStatus = JobStatus.RUNNING

    def __init_subclass__(cls, *, topic: str | None) -> None:
        for event in (Job.Paused, Job.Resumed, Job.Cancelled, Job.Finished, Job.Failed):
            name = event.__name__
            if name not in vars(cls):
                said = {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.{name}"}
                type.__setattr__(cls, name, new_class(name, (event,), exec_body=methodcaller("update", said)))
        super().__init_subclass__(topic=topic)

    def pause(self) -> None:
        """Have it paused. Raises JobNotRunning."""
        if self.status is not JobStatus.RUNNING:
            raise JobNotRunning(status=self.status, field="id")
        self.record(type(self).Paused())

    def resume(self) -> None:
        """Have it go on where it stands. Raises JobNotHeld."""
        if self.status not in (JobStatus.PAUSED, JobStatus.FAILED):
            raise JobNotHeld(status=self.status, field="id")
        self.record(type(self).Resumed())

    def cancel(self) -> None:
        """Have it end where it stands; what is done stays done. Raises JobIsOver."""
        if self.status in (JobStatus.FINISHED, JobStatus.CANCELLED):
            raise JobIsOver(status=self.status, field="id")
        self.record(type(self).Cancelled())

    def end(self, event: Event) -> None:
        """Note that it finished or failed; somebody may have cancelled it just now."""
        if self.status is not JobStatus.CANCELLED:
            self.record(event)

    @applies(Paused)
    def _paused(self, event: Paused) -> None:
        self.status = JobStatus.PAUSED

    @applies(Resumed)
    def _resumed(self, event: Resumed) -> None:
        self.status = JobStatus.RUNNING

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.status = JobStatus.CANCELLED

    @applies(Finished)
    def _finished(self, event: Finished) -> None:
        self.status = JobStatus.FINISHED

    @applies(Failed)
    def _failed(self, event: Failed) -> None:
        self.status = JobStatus.FAILED


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a job that is done."""

    progress: Mapping[str, int]
    """How far the whole job is now, in its own numbers."""
    over: bool
    """Whether it was the last one."""
    made: Mapping[str, str] = field(default_factory=dict)
    """What the job has made, where that is more than numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState(Generic[Terms]):
    """The state of a job's process."""

    terms: Terms
    progress: Mapping[str, int] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    told_at: datetime
    """When its progress was last told."""
    status: JobStatus = JobStatus.RUNNING
    working: bool = True
    """Whether a part is under way."""
    again: bool = False
    """Whether the part that comes was begun before, and failed."""


class JobRun(Process[JobState[Terms]], Generic[Terms]):
    """Does jobs of one kind, part by part."""

    class Work(Effect, attempts=8, timeout=300):
        """Do a part."""

        at: datetime
        """The same moment at each try."""

    def __init_subclass__(
        cls,
        *,
        of: type[Aggregate] | None = None,
        by: By = "originator_id",
        name: str = "",
        version: int = 1,
    ) -> None:
        """``of``: what people direct, a `Job` or another aggregate with events of these names."""
        for event, method in (
            ("Paused", cls.paused),
            ("Resumed", cls.resumed),
            ("Cancelled", cls.cancelled),
            ("Failed", cls.stopped),
        ):
            if (directed := getattr(of, event, None)) is not None:
                setattr(cls, method.__name__, on(directed, by=by)(_own(method)))
        super().__init_subclass__(name=name, version=version)

    @classmethod
    def stored_state(cls, given: Any) -> Any:
        """The state of a job on such terms."""
        super().stored_state(given)
        return JobState[given]

    async def part(self, terms: Terms, call: Call[JobState[Terms]], at: datetime) -> Part:
        """Do what follows after ``call.state.progress``, in well under five minutes. It is called again with
        the same progress and the same moment after a kill. Raises EffectRefused, with a word that says why,
        where the job cannot go on."""
        raise NotImplementedError

    def told(self, state: JobState[Terms]) -> Command | None:
        """The command that notes the progress; by default none is told."""
        return None

    def finished(self, state: JobState[Terms]) -> Command:
        """The command that notes that all is done."""
        raise NotImplementedError

    def failed(self, state: JobState[Terms], error: str) -> Command:
        """The command that notes that it cannot go on, until somebody resumes it."""
        raise NotImplementedError

    def begin(self, terms: Terms, at: datetime) -> Then[JobState[Terms]]:
        """The answer to the event that the job begins with."""
        return Then(JobState(terms=terms, told_at=at), self.Work(at=at))

    def paused(self, state: JobState[Terms] | None, event: Event) -> Then[JobState[Terms]]:
        """The answer to `Job.Paused`: what is under way ends first."""
        return Then(state and replace(state, status=JobStatus.PAUSED))

    def resumed(self, state: JobState[Terms] | None, event: Event) -> Then[JobState[Terms]]:
        """The answer to `Job.Resumed`."""
        if state is None:
            return Then(None)
        resumed = replace(state, status=JobStatus.RUNNING, working=True)
        return Then(resumed) if state.working else Then(resumed, self.Work(at=event.timestamp))

    def cancelled(self, state: JobState[Terms] | None, event: Event) -> Then[JobState[Terms]]:
        """The answer to `Job.Cancelled`."""
        if state is None:
            return Then(None)
        if state.working:
            return Then(replace(state, status=JobStatus.CANCELLED))
        return Then(None)

    def stopped(self, state: JobState[Terms] | None, event: Event) -> Then[JobState[Terms]]:
        """The answer to `Job.Failed`, which may come after somebody has resumed what was failing."""
        return Then(state and replace(state, status=JobStatus.FAILED))

    @performs(Work)
    async def _work(self, effect: "JobRun.Work", call: Call[JobState[Terms]]) -> Part:
        assert call.state is not None
        if call.state.status is JobStatus.CANCELLED:
            return Part(call.state.progress, over=False)
        return await self.part(call.state.terms, call, effect.at)

    @when_done(Work)
    def _worked(self, state: JobState[Terms], done: "Done[JobRun.Work]") -> Then[JobState[Terms]]:
        found = done.result
        state = replace(
            state, progress=found["progress"], made=found.get("made", {}), working=False, again=False
        )
        notes = self._notes(state)
        if found["over"]:
            return Then(None, *notes, Send(self.finished(state)))
        if state.status is JobStatus.CANCELLED:
            return Then(None, *notes)
        if state.status in (JobStatus.PAUSED, JobStatus.FAILED):
            return Then(replace(state, told_at=done.at), *notes)
        going = replace(state, working=True)
        if done.at - state.told_at < SPOKEN:
            return Then(going, self.Work(at=done.at))
        return Then(replace(going, told_at=done.at), *notes, self.Work(at=done.at))

    @when_failed(Work)
    def _not_worked(self, state: JobState[Terms], failed: "Failed[JobRun.Work]") -> Then[JobState[Terms]]:
        state = replace(state, working=False, again=True)
        if state.status is JobStatus.CANCELLED:
            return Then(None)
        last = self._notes(state) if state.progress else ()
        return Then(replace(state, status=JobStatus.FAILED), *last, Send(self.failed(state, failed.error)))

    def _notes(self, state: JobState[Terms]) -> tuple[Send, ...]:
        note = self.told(state)
        return () if note is None else (Send(note),)


# A method of any process, hence Any.
def _own(method: Callable[..., Any]) -> Callable[..., Any]:
    """The same for one kind of job, to be marked with its own event."""

    def answer(self: Any, state: Any, event: Event) -> Any:
        return method(self, state, event)

    return answer
