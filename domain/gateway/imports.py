"""Imports: the rows of a file become events of a source, as a job."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from domain.gateway.events import KeyId, SourceId
from domain.gateway.import_terms import Fields, ImportField, ImportTerms
from domain.gateway.sources import Source
from domain.kit.fields import Authored, Confidential, Describe, Internal, Interval, Len, References
from domain.kit.imports.file_forms import (
    DateOrder,
    DecimalMark,
    Encoding,
    FileEncoding,
    FileForm,
    FileFormat,
    Format,
    Mark,
    OrderOfDates,
    Separator,
    SkippedLines,
    Zone,
)
from domain.kit.model import Caller, Command, Event, Invalid, NotFound, Refusal, assigns
from domain.kit.process.jobs import Failure, Job, StartedBy
from domain.kit.refusals import ViolationCode as Code

FileId = Annotated[
    UUID,
    Confidential(),
    Describe("The file, as `POST /v1/files` answered; whoever knows its id can have it read."),
]
FileName = Annotated[str, Len(0, 200), Internal(), Authored(), Describe("What the file is called.")]
Count = Annotated[int, Interval(ge=0), Internal()]


class ImportFileGone(Refusal):
    """There is no such file any more: files are kept for seven days, or until a person is erased."""


class ImportFileUnreadable(Refusal):
    """{reason}"""


class Import(Job, topic="gateway.import"):
    """The rows of a file that become events."""

    class_version = 2
    oldest_snapshot = 2

    class Started(Event):
        class_version = 2

        source_id: SourceId
        file_id: FileId
        file_name: FileName
        file_size: Annotated[int, Interval(ge=0), Internal(), Describe("The bytes of the file.")]
        started_by: StartedBy
        format: Format
        encoding: Encoding
        separator: Separator
        skipped_lines: SkippedLines
        decimal_mark: Mark
        zone: Zone
        fields: Fields
        key_id: KeyId = None
        date_order: OrderOfDates = DateOrder.YEAR_MONTH_DAY

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Whoever knew the file's id was shown it. States are plain JSON, hence Any."""

    class Progressed(Event):
        done: Annotated[int, Interval(ge=0), Internal(), Describe("The bytes of the file that are read.")]
        rows: Annotated[int, Interval(ge=0), Internal(), Describe("The rows that are read.")]
        accepted: Annotated[int, Interval(ge=0), Internal(), Describe("Those that became events.")]
        duplicates: Annotated[int, Interval(ge=0), Internal(), Describe("Those whose events were known.")]
        rejected: Annotated[int, Interval(ge=0), Internal(), Describe("Those that were rejected.")]

    source_id: UUID | None = None
    started = assigns(Started)

    def require_directed(self, by: Caller) -> None:
        """Raise NotFound for a source that is not its own: such a one directs no imports of others."""
        if by.key_id is not None and by.user_id != self.source_id:
            raise NotFound(field="id", what="import")


class StartImport(Command):
    """Import the rows of a file as events of a source. How the file is written is said here and never guessed;
    `proposeImport` says what it seems to be."""

    source_id: Annotated[SourceId, References("gateway.source")]
    file_id: FileId
    file_name: FileName
    file_size: Count
    format: Format
    encoding: Encoding = FileEncoding.UTF_8
    separator: Separator = ","
    skipped_lines: SkippedLines = 0
    decimal_mark: Mark = DecimalMark.POINT
    zone: Zone = None
    date_order: OrderOfDates = DateOrder.YEAR_MONTH_DAY
    fields: Fields = ()

    def handle(self, source: Source, by: Caller) -> Import:
        require_terms(self.form, self.fields)
        started = Import.Started(
            source_id=self.source_id,
            file_id=self.file_id,
            file_name=self.file_name,
            file_size=self.file_size,
            started_by=by.user_id,
            format=self.format,
            encoding=self.encoding,
            separator=self.separator,
            skipped_lines=self.skipped_lines,
            decimal_mark=self.decimal_mark,
            zone=self.zone,
            date_order=self.date_order,
            fields=self.fields,
            key_id=by.key_id,
        )
        return Import.begin(self.id, started)

    @property
    def form(self) -> FileForm:
        """How the file is written."""
        return FileForm(
            format=self.format,
            encoding=self.encoding,
            separator=self.separator,
            skipped_lines=self.skipped_lines,
            decimal_mark=self.decimal_mark,
            zone=self.zone,
            date_order=self.date_order,
        )


class PauseImport(Command):
    """Pause an import, once the rows that are under way are stored."""

    def handle(self, import_: Import, by: Caller) -> None:
        import_.require_directed(by)
        import_.pause()


class ResumeImport(Command):
    """Have an import go on that is paused or has failed, from the row at which it stands."""

    def handle(self, import_: Import, by: Caller) -> None:
        import_.require_directed(by)
        import_.resume()


class CancelImport(Command):
    """End an import where it stands; what came in stays."""

    def handle(self, import_: Import, by: Caller) -> None:
        import_.require_directed(by)
        import_.cancel()


class NoteImportProgress(Command):
    """Note how far an import is."""

    done: Count
    rows: Count
    accepted: Count
    duplicates: Count
    rejected: Count

    def handle(self, import_: Import) -> None:
        progressed = Import.Progressed(
            done=self.done,
            rows=self.rows,
            accepted=self.accepted,
            duplicates=self.duplicates,
            rejected=self.rejected,
        )
        import_.record(progressed)


class FinishImport(Command):
    """Note that all rows of an import are read."""

    def handle(self, import_: Import) -> None:
        import_.end(Import.Finished())


class FailImport(Command):
    """Note that an import cannot go on."""

    error: Failure

    def handle(self, import_: Import) -> None:
        import_.end(Import.Failed(error=self.error))


def terms_of(id: UUID, started: Import.Started) -> ImportTerms:
    """An import as it was asked for."""
    form = FileForm(
        format=started.format,
        encoding=started.encoding,
        separator=started.separator,
        skipped_lines=started.skipped_lines,
        decimal_mark=started.decimal_mark,
        zone=started.zone,
        date_order=started.date_order,
    )
    return ImportTerms(
        import_id=id,
        file_id=started.file_id,
        source_id=started.source_id,
        started_by=started.started_by,
        form=form,
        fields=started.fields,
        key_id=started.key_id,
    )


def require_terms(form: FileForm, fields: Sequence[ImportField]) -> None:
    """Raise Invalid for fields of which no event can be made."""
    if not fields:
        if form.format is FileFormat.CSV:
            raise _unsuitable("must say what events are made of")
        return
    members = [field.member for field in fields]
    for number, field in enumerate(fields):
        if (field.column is None) == (field.value is None):
            raise _unsuitable(f"must name a column or a value for {field.member}, and not both")
        if any(
            other == field.member or other.startswith(f"{field.member}.") for other in members[number + 1 :]
        ) or any(other.startswith(f"{field.member}.") for other in members[:number]):
            raise _unsuitable(f"name {field.member} more than once")
    for member in ("eventType", "timestamp"):
        if member not in members:
            raise _unsuitable(f"must have {member}")


def _unsuitable(reason: str) -> Invalid:
    return Invalid(field="fields", reason=reason, why=Code.UNSUITABLE)
