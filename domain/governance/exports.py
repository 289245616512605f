"""Exports: all that is kept about a person, as one file, for themselves."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe, Internal, Interval, Len
from domain.kit.model import ONE_LINE, Aggregate, Caller, Command, Event, applies, assigns

SubjectId = Annotated[UUID, Internal(), Describe("The user whose data it is.")]
PartName = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Describe("The part, as `activity_data.tasks`.")]
Count = Annotated[int, Interval(ge=0), Internal()]


class Export(Aggregate, topic="governance.export"):
    """A file with what is kept about a person. Nothing of the file is in here."""

    class Requested(Event):
        subject_id: SubjectId
        requested_by: Annotated[UUID, Internal()]

    class PartWritten(Event):
        part: PartName
        records: Count
        done: Count
        """How many parts are written by now."""
        parts: Count
        """The total number of hits."""

    class Finished(Event):
        size: Count
        """Bytes of the file that is handed out."""
        sha256: Annotated[str, Internal()]
        """Of these bytes."""
        expires_at: Annotated[datetime, Internal()]
        """From then on it is gone."""

    class Failed(Event):
        error: Annotated[str, Internal()]

    class Expired(Event): ...

    class Erased(Event):
        """Whose data it is was erased, so nobody can read the file any more."""

    subject_id: UUID
    ended_well: bool = False
    open: bool = True

    def note(self, event: Event) -> None:
        """Note how it goes on; what comes after the end, from a worker that was late, is nothing."""
        if self.open:
            self.record(event)

    requested = assigns(Requested)

    @applies(Finished)
    def _finished(self, event: Finished) -> None:
        self.open, self.ended_well = False, True

    @applies(Failed)
    def _failed(self, event: Failed) -> None:
        self.open = False

    @applies(Expired)
    def _expired(self, event: Expired) -> None:
        self.ended_well = False

    @applies(Erased)
    def _erased(self, event: Erased) -> None:
        self.open = self.ended_well = False


class RequestExport(Command):
    """Request an export of all data about a user."""

    subject_id: SubjectId

    def handle(self, by: Caller) -> Export:
        return Export.begin(self.id, Export.Requested(subject_id=self.subject_id, requested_by=by.user_id))


class NoteExportPart(Command):
    """Note that a part of an export was written."""

    part: PartName
    records: Count
    done: Count
    parts: Count

    def handle(self, export: Export) -> None:
        export.note(
            Export.PartWritten(part=self.part, records=self.records, done=self.done, parts=self.parts)
        )


class FinishExport(Command):
    """Note that an export can be fetched."""

    size: Count
    sha256: str
    expires_at: datetime

    def handle(self, export: Export) -> None:
        export.note(Export.Finished(size=self.size, sha256=self.sha256, expires_at=self.expires_at))


class FailExport(Command):
    """Note that an export was given up."""

    error: str

    def handle(self, export: Export) -> None:
        export.note(Export.Failed(error=self.error))


class ExpireExport(Command):
    """Note that the file of an export is gone."""

    def handle(self, export: Export) -> None:
        if export.ended_well:
            export.record(Export.Expired())


class EraseExport(Command):
    """Note that nobody can read an export any more, because whose data it is was erased."""

    def handle(self, export: Export) -> None:
        if export.open or export.ended_well:
            export.record(Export.Erased())
