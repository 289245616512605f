"""Imports: what a file seems to be, its rows as they come in, and how far that is."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.gateway.file_links import is_there
from api.gateway.file_notes import file_note
from api.gateway.room import job_room
from api.gateway.sources import Source
from api.kit.model import Info, Node, Refusal, Resource, Sending, Sent, covered, enum, field, linked, shows
from api.kit.schema.commands import Refused
from api.kit.schema.context import RequestContext
from api.kit.schema.masking import MASKED
from api.kit.schema.mutations import stated
from api.kit.schema.node_types import plain
from domain.gateway import imports as domain
from domain.gateway.import_terms import ImportDesk, ImportField, ImportProposal, ImportTerms, PreviewedRow
from domain.kit.bus.checks import check, violations
from domain.kit.imports.file_forms import DateOrder, DecimalMark, FileEncoding, FileFormat, ValueKind
from domain.kit.process.files import FileLinks
from domain.kit.refusals import Invalid
from projections.gateway.imports import ImportRow, Imports
from projections.gateway.sources import Sources

_SEE, _DO, _READ = "gateway:read", "gateway:ingest", "gateway:confidential"


@shows(ImportRow, needs=_SEE, leave_out=("source_id",))
class Import(Node):
    """The rows of a file that become events."""

    file_id: UUID | None
    source = linked(Source, Sources, "source_id", "The source that they are events of.")

    @field(
        "Where the file can be fetched for ten minutes, without signing in. It is kept for seven days. Null "
        "when it is gone, and where payloads are masked.",
        needs=_READ,
    )
    async def file_url(self, root: strawberry.Parent[ImportRow], info: Info) -> str | None:
        ask = info.context
        if not await is_there(ask, root.file_id):
            return None
        if ask.services.masking:
            ask.masked("Import.fileUrl", "")
            return None
        ask.revealed("Import.fileUrl", None, confidential=True)
        note = file_note(ask.caller, "Import.file", f"import {root.id} into source {root.source_id}")
        return ask.port(FileLinks).link(ask.caller.tenant_id, root.file_id, note)  # type: ignore[type-abstract]


_imports = Resource(Import, Imports, read=_SEE, write=_DO)
_imports.filter(also=("source_id",))
_room = job_room(Imports, "imports")


@covered
@strawberry.type(description="Says what a member of each event is made of.")
class ProposedField:
    """A field of an import."""

    member: str = strawberry.field(
        description="The member of the event, as `eventType` or `payload.orderId`."
    )
    column: str | None = strawberry.field(description="The column that holds it; null: all have the same.")
    value: str | None = strawberry.field(description="What it is in every row, where no column holds it.")
    kind: enum(ValueKind) = strawberry.field(description="What the texts mean.")  # type: ignore[valid-type]

    @classmethod
    def of(cls, found: ImportField) -> "ProposedField":
        """The field as data."""
        return cls(member=found.member, column=found.column, value=found.value, kind=found.kind)


@covered
@strawberry.type(description="Says what is wrong with a row.")
class ImportProblem:
    """A problem of a dry run."""

    path: list[str] = strawberry.field(
        description="Where in the event it is, from the outside in; none: the row itself."
    )
    message: str = strawberry.field(description="What is wrong, in a sentence.")


@covered
@strawberry.type(description="Says how a row would come in.")
class ImportPreview:
    """A row of a dry run."""

    line: int = strawberry.field(description="The line of the file on which it begins.")
    event: str | None = strawberry.field(
        description="The event that is made of it, as JSON text, masked for who may not read events; null: none."
    )
    problems: list[ImportProblem] = strawberry.field(
        description="What is wrong with it; none: it would be accepted, unless it is known already."
    )

    @classmethod
    def of(cls, row: PreviewedRow, ask: RequestContext) -> "ImportPreview":
        """The row as data, masked for who may not read what is in files."""
        event = row.event or None
        if event is not None and ask.caller.may(_READ):
            ask.revealed("ImportPreview.event", None, confidential=True)
        elif event is not None:
            ask.masked("ImportPreview.event", _READ)
            event = MASKED
        problems = [ImportProblem(path=list(path), message=message) for path, message in row.problems]
        return cls(line=row.line, event=event, problems=problems)


@covered
@strawberry.type(
    description="Says what a file seems to be, and how its first rows would come in so. Nothing is stored."
)
class ImportProposalReceipt:
    """A proposal for an import."""

    format: enum(FileFormat) = strawberry.field(description="How the file holds its rows.")  # type: ignore[valid-type]
    encoding: enum(FileEncoding) = strawberry.field(description="How it writes characters.")  # type: ignore[valid-type]
    separator: str = strawberry.field(description="What stands between columns.")
    skipped_lines: int = strawberry.field(description="The lines before the one that names the columns.")
    decimal_mark: enum(DecimalMark) = strawberry.field(description="What stands before decimals.")  # type: ignore[valid-type]
    zone: str | None = strawberry.field(
        description="The time zone of times without an offset; null: all have one."
    )
    date_order: enum(DateOrder) = strawberry.field(  # type: ignore[valid-type]
        description="In which order day, month and year of a date stand."
    )
    columns: list[str] = strawberry.field(description="The names of the columns.")
    fields: list[ProposedField] = strawberry.field(
        description="What events are made of; none: the rows are events already."
    )
    rows: list[ImportPreview] = strawberry.field(description="The first rows, as they would come in.")

    @classmethod
    def of(cls, found: ImportProposal, ask: RequestContext) -> "ImportProposalReceipt":
        """The proposal as data."""
        form = found.form
        return cls(
            format=form.format,
            encoding=form.encoding,
            separator=form.separator,
            skipped_lines=form.skipped_lines,
            decimal_mark=form.decimal_mark,
            zone=form.zone,
            date_order=form.date_order,
            columns=list(found.columns),
            fields=[ProposedField.of(each) for each in found.fields],
            rows=[ImportPreview.of(each, ask) for each in found.rows],
        )


_FORM = ("format", "encoding", "separator", "skipped_lines", "decimal_mark", "zone", "date_order")


@strawberry.input(description="Input of `proposeImport`. What is left out is proposed.")
class ProposeImportInput:
    """What is known of a file."""

    file_id: UUID = strawberry.field(description="The file, as `POST /v1/files` answered.")
    source_id: UUID = strawberry.field(description="The source that its rows are events of.")
    format: enum(FileFormat) | None = strawberry.field(  # type: ignore[valid-type]
        default=strawberry.UNSET, description="How the file holds its rows."
    )
    encoding: enum(FileEncoding) | None = strawberry.field(  # type: ignore[valid-type]
        default=strawberry.UNSET, description="How it writes characters."
    )
    separator: str | None = strawberry.field(default=strawberry.UNSET, description="Between columns.")
    skipped_lines: int | None = strawberry.field(
        default=strawberry.UNSET, description="Lines before the one that names the columns."
    )
    decimal_mark: enum(DecimalMark) | None = strawberry.field(  # type: ignore[valid-type]
        default=strawberry.UNSET, description="What stands before decimals."
    )
    zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="The time zone of times without an offset; null: all have one."
    )
    date_order: enum(DateOrder) | None = strawberry.field(  # type: ignore[valid-type]
        default=strawberry.UNSET, description="In which order day, month and year of a date stand."
    )
    fields: list[plain(ImportField, taken=True)] | None = strawberry.field(  # type: ignore[valid-type]
        default=strawberry.UNSET, description="What events are made of."
    )


# The two members have no common base.
ImportProposalAnswer: Any = Annotated[
    ImportProposalReceipt | Refused,
    strawberry.union("ImportProposalAnswer", description="A receipt or a refusal."),
]


async def _start(sending: Sending) -> Sent | Refusal:
    ask = sending.ask
    command = await sending.command(domain.StartImport, file_name="", file_size=0)
    if await sending.was_executed():
        # Its file may be gone by now.
        row = (await ask.services.rows.get(Imports, ask.caller.tenant_id, [(command.id,)])).get((command.id,))
        known = ("", 0) if row is None else (row.file_name, row.file_size)
    else:
        check(command)
        terms = ImportTerms(
            import_id=command.id,
            file_id=command.file_id,
            source_id=command.source_id,
            started_by=ask.caller.user_id,
            form=command.form,
            fields=command.fields,
        )
        file = await ask.port(ImportDesk).require(ask.caller, terms)  # type: ignore[type-abstract]
        known = (file.name, file.size)
    return await _room.send(sending, replace(command, file_name=known[0], file_size=known[1]))


def _said(input: ProposeImportInput) -> tuple[dict[str, Any], tuple[ImportField, ...] | None]:
    """What is known of the form, and the fields. Raises Invalid."""
    given = stated(input, domain.StartImport)
    said = {name: given[name] for name in _FORM if name in given}
    fields = _stated_fields(given.get("fields"))
    if wrong := violations(domain.StartImport, said | ({} if fields is None else {"fields": fields})):
        raise Invalid.of(wrong)
    return said, fields


# Inputs are made of the class, hence Any.
def _stated_fields(given: Any) -> tuple[ImportField, ...] | None:
    if given is None:
        return None
    return tuple(ImportField(**stated(each, ImportField)) for each in given)


@strawberry.type
class Query:
    import_ = _imports.by_id("An import by id.")
    import_.graphql_name = "import"
    imports = _imports.list("Imports of files, by pages.")


@strawberry.type
class Mutation:
    """Files come in."""

    @field(
        "Look into a file: what is not said of it is proposed, and its first rows are shown as they would come "
        "in. Nothing is stored, and nothing is taken for granted: `startImport` is told all of it.",
        ImportProposalAnswer,
        needs=_DO,
    )
    async def propose_import(
        self,
        info: Info,
        input: Annotated[ProposeImportInput, strawberry.argument(description="The file.")],
    ) -> Any:
        ask = info.context
        try:
            said, fields = _said(input)
            found = await ask.port(ImportDesk).propose(  # type: ignore[type-abstract]
                ask.caller,
                input.file_id,
                input.source_id,
                said,
                fields,
            )
        except Refusal as refusal:
            return Refused.of(refusal)
        return ImportProposalReceipt.of(found, ask)

    start_import = _imports.mutation(domain.StartImport, send=_start, leave_out=("file_name", "file_size"))
    pause_import = _imports.mutation(domain.PauseImport)
    resume_import = _imports.mutation(domain.ResumeImport, send=_room.sends(domain.ResumeImport))
    cancel_import = _imports.mutation(domain.CancelImport)
