"""Runs of exports of events: a file is written as a whole, in one part, once however often that is tried."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.exports.event_exports import EventExport, ExportFormat, FailEventExport, FinishEventExport
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.process.effects import Call, Done, Effect, Failed, Policy, Send, Then
from domain.kit.process.jobs import JobRun, JobState, JobStatus, Part
from domain.kit.process.process import on, performs, when_done, when_failed


@dataclass(frozen=True, slots=True, kw_only=True)
class EventExportTerms:
    """What is to be written, and for whom."""

    export_id: UUID
    source_id: UUID
    since: datetime
    until: datetime
    format: ExportFormat
    started_by: UUID
    position: int
    """Of the log: what was accepted before it is in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEvents:
    """A file that is written."""

    file_id: UUID
    rows: int
    file_size: int
    withheld: bool


class EventFiles(Protocol):
    """Writes events into files."""

    async def write(self, tenant_id: UUID, terms: EventExportTerms) -> WrittenEvents | None:
        """Write a file; the same events again are the same file. None: it was paused or cancelled meanwhile, and
        there is no file. Raises EffectRefused with a word for what another
        try will not change, and EffectFailed."""
        ...


State = JobState[EventExportTerms]


def _queued(event: Event, envelope: Envelope) -> str:
    # Those of a company wait for one another.
    return f"exports/{event.originator_id}"


def _part(written: WrittenEvents) -> Part:
    numbers = {"rows": written.rows, "file_size": written.file_size, "withheld": int(written.withheld)}
    return Part(numbers, over=True, made={"file_id": str(written.file_id)})


class EventExportRun(
    JobRun[EventExportTerms], of=EventExport, by=_queued, name="gateway.event_export", version=1
):
    """Write the files of exports, one after the other for each company."""

    slots = 4
    slots_each = 1

    class Write(Effect, timeout=600):
        """Write the file, as was asked for before exports could be paused; no new one is asked for."""

        terms: EventExportTerms

        @property
        def instance(self) -> str:
            return f"exports/{self.terms.export_id}"

    def __init__(self, files: EventFiles) -> None:
        self._files = files

    def policy_of(self, effect: Effect) -> Policy:
        schedule = (0.0, 5.0, 60.0, 600.0)
        return Policy(attempts=len(schedule), timeout=600, schedule=schedule)

    @on(EventExport.Started, by=_queued)
    def started(self, state: State | None, event: EventExport.Started, envelope: Envelope) -> Then[State]:
        terms = EventExportTerms(
            export_id=event.originator_id,
            source_id=event.source_id,
            since=event.since,
            until=event.until,
            format=event.format,
            started_by=event.started_by,
            position=envelope.position,
        )
        return self.begin(terms, event.timestamp)

    def resumed(self, state: State | None, event: Event) -> Then[State]:
        if state is None:
            # It failed before exports could be resumed, and nobody has kept what it is of.
            return Then(None, Send(FailEventExport(id=event.originator_id, error="start_another")))
        return super().resumed(state, event)

    async def part(self, terms: EventExportTerms, call: Call[State], at: datetime) -> Part:
        written = await self._files.write(call.tenant_id, terms)
        if written is None:
            return Part({}, over=False)
        return _part(written)

    @performs(Write)
    async def write(self, effect: Write, call: Call[State]) -> WrittenEvents | None:
        return await self._files.write(call.tenant_id, effect.terms)

    @when_done(Write)
    def written(self, state: State | None, done: "Done[EventExportRun.Write]") -> Then[State]:
        if state is not None:
            return Then(state)
        held = JobState(terms=done.action.terms, told_at=done.at, status=JobStatus.PAUSED, working=False)
        if done.result is None:
            return Then(held)
        part = _part(WrittenEvents(**done.result | {"file_id": UUID(done.result["file_id"])}))
        return Then(None, Send(self.finished(replace(held, progress=part.progress, made=part.made))))

    @when_failed(Write)
    def not_written(self, state: State | None, failed: "Failed[EventExportRun.Write]") -> Then[State]:
        if state is not None:
            return Then(state)
        held = JobState(terms=failed.action.terms, told_at=failed.at, status=JobStatus.FAILED, working=False)
        return Then(held, Send(self.failed(held, failed.error or "failed")))

    def finished(self, state: State) -> Command:
        return FinishEventExport(
            id=state.terms.export_id,
            file_id=UUID(state.made["file_id"]),
            rows=state.progress["rows"],
            file_size=state.progress["file_size"],
            withheld=bool(state.progress["withheld"]),
        )

    def failed(self, state: State, error: str) -> Command:
        return FailEventExport(id=state.terms.export_id, error=error[:100])
