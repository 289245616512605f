"""What an import of events is told of its file: what its columns mean for events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, runtime_checkable
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.fields import Authored, Describe, Internal, Len, Pattern
from domain.kit.imports.file_forms import FileForm, ValueKind
from domain.kit.model import ONE_LINE
from domain.kit.process.files import StoredFile

MOST_FIELDS = 200


Member = Annotated[
    str,
    Len(1, 200),
    Pattern(
        r"eventId|eventType|timestamp|eventSource|version|correlationId|userId|sessionId|environment|region"
        r"|(?:payload|metadata)(?:[.][A-Za-z_][A-Za-z0-9_]{0,99}){0,8}",
        "is no member of an event, as timestamp or payload.orderId",
    ),
    Internal(),
    Authored(),
    Describe("The member of the event, as `eventType`, `payload.orderId` or `metadata.channel`."),
]
Column = Annotated[
    Annotated[str, Len(1, 200)] | None,
    Internal(),
    Authored(),
    Describe("The column of the file that holds it; null: it is the same for all."),
]
Constant = Annotated[
    Annotated[str, Len(1, 1000), ONE_LINE] | None,
    Internal(),
    Authored(),
    Describe("What it is in every row, where no column holds it."),
]
Kind = Annotated[ValueKind, Internal(), Describe("What the texts mean.")]


@dataclass(frozen=True, kw_only=True)
class ImportField:
    """What a member of each event is made of."""

    member: Member
    column: Column = None
    value: Constant = None
    kind: Kind = ValueKind.TEXT


Fields = Annotated[
    tuple[ImportField, ...],
    Len(0, MOST_FIELDS),
    Internal(),
    Describe("What events are made of; none: the rows are events already, as `POST /v1/events` takes them."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTerms:
    """An import as it was asked for."""

    import_id: UUID
    file_id: UUID
    source_id: UUID
    started_by: UUID
    form: FileForm
    fields: tuple[ImportField, ...]
    key_id: UUID | None = None
    """The key that the source showed who started it; its scopes are those of the import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedRow:
    """A row as it would come in."""

    line: int
    event: str
    """The event as JSON text."""
    problems: tuple[tuple[tuple[str, ...], str], ...]
    """What is wrong with it: where in the event, and a sentence. None: it would be accepted, unless it is known
    already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProposal:
    """What a file seems to be, and how its first rows would come in on these terms."""

    form: FileForm
    fields: tuple[ImportField, ...]
    columns: tuple[str, ...]
    rows: tuple[PreviewedRow, ...]


@runtime_checkable
class ImportDesk(Protocol):
    """What is asked of a file before it is imported."""

    async def propose(
        self,
        by: Caller,
        file_id: UUID,
        source_id: UUID,
        said: Mapping[str, Any],
        fields: tuple[ImportField, ...] | None,
    ) -> ImportProposal:
        """What is not said, of the members of `FileForm`, is proposed, and so are the fields where none are
        given. Nothing is stored. Raises a refusal: of the file, the source or the terms."""
        ...

    async def require(self, by: Caller, terms: ImportTerms) -> StoredFile:
        """The file; raises a refusal unless it can be read on these terms."""
        ...
