"""How a file of rows is written: what is said of it, and never guessed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from domain.kit.fields import Describe, Internal, Interval, Len, Pattern, Requires
from domain.kit.process.zones import require_zone

LARGEST_ROW = 64 * 1024
"""Bytes of a row, beyond which it cannot be read."""


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
