"""Replay jobs: all open dead letters that are chosen are replayed, however many there are."""

from typing import Annotated
from uuid import UUID

from domain.gateway.sources import INGEST
from domain.kit.caller import require_person
from domain.kit.fields import Authored, Describe, Internal, Interval, Len
from domain.kit.model import Caller, Command, Event
from domain.kit.process.jobs import Failure, Job, StartedBy
from domain.kit.refusals import Forbidden

OfSource = Annotated[
    UUID | None, Internal(), Describe("The source whose letters are replayed; null: of all.")
]
OfRule = Annotated[
    str | None, Len(1, 100), Internal(), Authored(), Describe("The rule that rejected them; null: any.")
]
OfType = Annotated[
    str | None, Len(1, 100), Internal(), Authored(), Describe("The type of their events; null: any.")
]
Chosen = Annotated[
    int, Interval(ge=0), Internal(), Describe("The letters that were open when it was started.")
]
Replayed = Annotated[
    int, Interval(ge=0), Internal(), Describe("The letters that it closed: their events are in the log.")
]
Rejected = Annotated[
    int,
    Interval(ge=0),
    Internal(),
    Describe("The letters that stay open: they were rejected again, or cannot be replayed as they are."),
]


class ReplayJob(Job, topic="gateway.replay_job"):
    """Dead letters that are replayed one after the other."""

    class Started(Event):
        source_id: OfSource
        rule: OfRule
        event_type: OfType
        matched: Chosen
        started_by: StartedBy

    class Progressed(Event):
        replayed: Replayed
        rejected: Rejected


class StartReplayJob(Command):
    """Replay all dead letters that are open now and meet all that is given, the oldest first, each once.
    `replayDeadLetters` says beforehand how many these are. It takes `gateway:ingest` as well, for as long as it
    goes on, and for payments `commerce:payments`."""

    source_id: OfSource = None
    rule: OfRule = None
    event_type: OfType = None
    matched: Chosen

    def handle(self, by: Caller) -> ReplayJob:
        require_person(by)
        if not by.may(INGEST):
            raise Forbidden(permission=INGEST)
        started = ReplayJob.Started(
            source_id=self.source_id,
            rule=self.rule,
            event_type=self.event_type,
            matched=self.matched,
            started_by=by.user_id,
        )
        return ReplayJob.begin(self.id, started)


class PauseReplayJob(Command):
    """Pause a replay job, once the letters that are under way are replayed."""

    def handle(self, replay_job: ReplayJob) -> None:
        replay_job.pause()


class ResumeReplayJob(Command):
    """Have a replay job go on that is paused or has failed, from the letter at which it stands, in the name of who
    started it."""

    def handle(self, replay_job: ReplayJob) -> None:
        replay_job.resume()


class CancelReplayJob(Command):
    """End a replay job where it stands; what came in stays."""

    def handle(self, replay_job: ReplayJob) -> None:
        replay_job.cancel()


class NoteReplayProgress(Command):
    """Note how far a replay job is."""

    replayed: Replayed
    rejected: Rejected

    def handle(self, replay_job: ReplayJob) -> None:
        replay_job.record(ReplayJob.Progressed(replayed=self.replayed, rejected=self.rejected))


class FinishReplayJob(Command):
    """Note that all letters of a replay job have been replayed."""

    def handle(self, replay_job: ReplayJob) -> None:
        replay_job.end(ReplayJob.Finished())


class FailReplayJob(Command):
    """Note that a replay job cannot go on."""

    error: Failure

    def handle(self, replay_job: ReplayJob) -> None:
        replay_job.end(ReplayJob.Failed(error=self.error))
