"""Runs of exports of events: a file is written as a whole, once however often that is tried."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.exports.event_exports import EventExport, ExportFormat, FailEventExport, FinishEventExport
from domain.kit.log import Envelope
from domain.kit.process.effects import Call, Done, Effect, Failed, Send, Then
from domain.kit.process.process import Process, on, performs, when_done, when_failed


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

    async def write(self, tenant_id: UUID, terms: EventExportTerms) -> WrittenEvents:
        """Write a file; the same events again are the same file. Raises EffectRefused with a word for what another
        try will not change, and EffectFailed."""
        ...


class EventExportRun(Process[EventExportTerms], name="gateway.event_export", version=1):
    """Write the files of exports, one after the other for each company."""

    slots = 4
    slots_each = 1

    class Write(Effect, schedule=(0, 5, 60, 600), timeout=600):
        """Write the file."""

        terms: EventExportTerms

        @property
        def instance(self) -> str:
            # Those of a company wait for one another.
            return f"exports/{self.terms.export_id}"

    def __init__(self, files: EventFiles) -> None:
        self._files = files

    @on(EventExport.Started)
    def started(
        self, state: EventExportTerms | None, event: EventExport.Started, envelope: Envelope
    ) -> Then[EventExportTerms]:
        terms = EventExportTerms(
            export_id=event.originator_id,
            source_id=event.source_id,
            since=event.since,
            until=event.until,
            format=event.format,
            started_by=event.started_by,
            position=envelope.position,
        )
        return Then(None, self.Write(terms=terms))

    @performs(Write)
    async def write(self, effect: Write, call: Call[EventExportTerms]) -> WrittenEvents:
        return await self._files.write(call.tenant_id, effect.terms)

    @when_done(Write)
    def written(
        self, state: EventExportTerms | None, done: "Done[EventExportRun.Write]"
    ) -> Then[EventExportTerms]:
        found = done.result
        finish = FinishEventExport(
            id=done.action.terms.export_id,
            file_id=UUID(found["file_id"]),
            rows=found["rows"],
            file_size=found["file_size"],
            withheld=found["withheld"],
        )
        return Then(None, Send(finish))

    @when_failed(Write)
    def not_written(
        self, state: EventExportTerms | None, failed: "Failed[EventExportRun.Write]"
    ) -> Then[EventExportTerms]:
        error = failed.error[:100] or "failed"
        return Then(None, Send(FailEventExport(id=failed.action.terms.export_id, error=error)))
