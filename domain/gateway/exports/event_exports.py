"""Exports of events: those of a source and a time are written into a file, as a job."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Protocol, runtime_checkable
from uuid import UUID

from domain.gateway.events import SourceId
from domain.gateway.webhook_commands import require_some_time
from domain.kit.caller import require_person
from domain.kit.fields import Confidential, Describe, Internal, Interval, References
from domain.kit.model import Caller, Command, Event, in_utc
from domain.kit.process.jobs import Failure, Job, StartedBy

MOST_EVENTS = 100_000
"""Events of one file; more is asked for time by time."""


class ExportFormat(StrEnum):
    """How a file holds events: a line each, an object in each line, or columns."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


@runtime_checkable
class ExportFormats(Protocol):
    """The formats that can be written."""

    def writes(self, format: ExportFormat) -> bool:
        """Whether files of this format are written, as far as this process knows: a worker writes them."""
        ...


From = Annotated[datetime, Internal(), Describe("Events that were received from this time on.")]
Before = Annotated[datetime, Internal(), Describe("Events that were received before this time.")]
Written = Annotated[ExportFormat, Internal(), Describe("How the file holds them.")]
FileId = Annotated[UUID, Confidential(), Describe("The file; whoever knows its id can have it read.")]
Rows = Annotated[int, Interval(ge=0), Internal(), Describe("The events in the file.")]
Size = Annotated[int, Interval(ge=0), Internal(), Describe("The bytes of the file.")]
Withheld = Annotated[
    bool,
    Internal(),
    Describe(
        "Whether the payloads are left out, as whoever started it may not read them, or they are masked here."
    ),
]


class EventExport(Job, topic="gateway.event_export"):
    """Events of a source and a time that are written into a file."""

    class_version = 2
    oldest_snapshot = 2

    class Started(Event):
        source_id: SourceId
        since: From
        until: Before
        format: Written
        started_by: StartedBy

    class Finished(Job.Finished):
        class_version = 2

        file_id: FileId
        rows: Rows
        file_size: Size
        withheld: Withheld

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Whoever read the log was shown the file's id. States are plain JSON, hence Any."""


class StartEventExport(Command, requires=(require_some_time,)):
    """Write the events of a source that were received in a time into a file. You answer for it: what you may not
    read is not in it."""

    source_id: Annotated[SourceId, References("gateway.source")]
    since: From
    until: Annotated[
        datetime | None, Internal(), Describe("Before this time; left out: up to this moment.")
    ] = None
    format: Written

    def handle(self, by: Caller, now: datetime) -> EventExport:
        require_person(by)
        started = EventExport.Started(
            source_id=self.source_id,
            since=in_utc(self.since) or self.since,
            until=min(in_utc(self.until) or now, now),
            format=self.format,
            started_by=by.user_id,
        )
        return EventExport.begin(self.id, started)


class PauseEventExport(Command):
    """Pause an export. A file is written as a whole: what is written of it by now is left."""

    def handle(self, event_export: EventExport) -> None:
        event_export.pause()


class ResumeEventExport(Command):
    """Have an export that is paused or has failed written from its beginning, in the name of who started it."""

    def handle(self, event_export: EventExport) -> None:
        event_export.resume()


class CancelEventExport(Command):
    """End an export; there is no file of it."""

    def handle(self, event_export: EventExport) -> None:
        event_export.cancel()


class FinishEventExport(Command):
    """Note that the file is written; no client sends this."""

    file_id: FileId
    rows: Rows
    file_size: Size
    withheld: Withheld

    def handle(self, event_export: EventExport) -> None:
        finished = EventExport.Finished(
            file_id=self.file_id, rows=self.rows, file_size=self.file_size, withheld=self.withheld
        )
        event_export.end(finished)


class FailEventExport(Command):
    """Note that nothing could be written; no client sends this."""

    error: Failure

    def handle(self, event_export: EventExport) -> None:
        event_export.end(EventExport.Failed(error=self.error))
