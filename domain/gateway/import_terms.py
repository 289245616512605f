"""What an import is told of its file: how it is written, and what its columns mean for events."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Protocol, runtime_checkable
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.fields import Authored, Describe, Internal, Interval, Len, Pattern, Requires
from domain.kit.model import ONE_LINE
from domain.kit.process.files import StoredFile
from domain.kit.process.zones import require_zone

MOST_FIELDS = 200


class FileFormat(StrEnum):
    """How a file holds its rows: `CSV`, `PARQUET`, or objects of JSON, in lines (`NDJSON`) or in a list."""

    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"
    PARQUET = "parquet"


class FileEncoding(StrEnum):
    """How a file writes its characters."""

    UTF_8 = "utf-8"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    WINDOWS_1252 = "cp1252"
    WINDOWS_1250 = "cp1250"
    ISO_8859_1 = "iso8859-1"
    ISO_8859_2 = "iso8859-2"
    ISO_8859_15 = "iso8859-15"


class DecimalMark(StrEnum):
    """What stands before the decimals of a number."""

    POINT = "."
    COMMA = ","


class DateOrder(StrEnum):
    """In which order the numbers of a date stand: `2026-11-29`, `29.11.2026` or `11/29/2026`."""

    YEAR_MONTH_DAY = "ymd"
    DAY_MONTH_YEAR = "dmy"
    MONTH_DAY_YEAR = "mdy"


class ValueKind(StrEnum):
    """What the texts of a column mean: `INSTANT` is a date and time, `JSON` any JSON value."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    JSON = "json"


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


Format = Annotated[FileFormat, Internal(), Describe("How the file holds its rows.")]
Encoding = Annotated[FileEncoding, Internal(), Describe("How it writes characters.")]
Separator = Annotated[
    str,
    Len(0, 1),
    Pattern("[,;|:\t]", "must be one of , ; | : and tab"),
    Internal(),
    Describe("Between columns."),
]
SkippedLines = Annotated[
    int, Interval(ge=0, le=1000), Internal(), Describe("Lines before the one that names the columns.")
]
Mark = Annotated[DecimalMark, Internal(), Describe("What stands before decimals.")]
OrderOfDates = Annotated[
    DateOrder, Internal(), Describe("In which order day, month and year of a date stand.")
]
Zone = Annotated[
    Annotated[str, Len(1, 50), Requires(require_zone)] | None,
    Internal(),
    Describe("The time zone of times without an offset, as `Europe/Prague`; null: all have one."),
]
Fields = Annotated[
    tuple[ImportField, ...],
    Len(0, MOST_FIELDS),
    Internal(),
    Describe("What events are made of; none: the rows are events already, as `POST /v1/events` takes them."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """How a file is written."""

    format: FileFormat
    encoding: FileEncoding = FileEncoding.UTF_8
    separator: str = ","
    skipped_lines: int = 0
    decimal_mark: DecimalMark = DecimalMark.POINT
    zone: str | None = None
    date_order: DateOrder = DateOrder.YEAR_MONTH_DAY


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
