"""How a file seems to be written: proposed to whoever imports it, and never used unless they say so."""

import codecs
import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import BinaryIO

from app.imports.cell_texts import without_groups, year_first
from app.imports.file_rows import FileRow, FileUnreadable
from app.imports.parquet_rows import MAGIC
from app.imports.rows import first_rows
from domain.kit.imports.file_forms import (
    DateOrder,
    DecimalMark,
    FileEncoding,
    FileForm,
    FileFormat,
    ValueKind,
)

_LOOKED_AT = 64 * 1024
"""Bytes at the beginning that a proposal is made from."""
SAMPLE = 100
"""Rows that it is made from."""
_SEPARATORS = (",", ";", "\t", "|", ":")
_MARKS = (
    (codecs.BOM_UTF8, FileEncoding.UTF_8),
    (codecs.BOM_UTF16_LE, FileEncoding.UTF_16_LE),
    (codecs.BOM_UTF16_BE, FileEncoding.UTF_16_BE),
)
_TIME = re.compile(
    r"[0-9]{4}-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?(?P<zone>.*)"
)
_OFFSET = re.compile(r"[Zz]|[+-][0-9]{2}:[0-9]{2}")
_NUMBER = {
    DecimalMark.POINT: re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"),
    DecimalMark.COMMA: re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:,[0-9]+)?"),
}


def proposed_form(file: BinaryIO) -> FileForm:
    """How a file seems to be written, by its beginning."""
    file.seek(0)
    beginning = file.read(_LOOKED_AT)
    if beginning.startswith(MAGIC):
        return _with_times(file, FileForm(format=FileFormat.PARQUET))
    encoding = _encoding(beginning)
    text = beginning.decode(encoding.value, "replace").lstrip("\ufeff")
    first = text.lstrip()[:1]
    if first in ("[", "{"):
        format = FileFormat.JSON if first == "[" else FileFormat.NDJSON
        return _with_times(file, FileForm(format=format, encoding=encoding))
    lines = text.splitlines()[: SAMPLE + 1]
    separator = max(_SEPARATORS, key=lambda each: _evenness(lines, each))
    form = FileForm(format=FileFormat.CSV, encoding=encoding, separator=separator)
    cells = _texts(file, form)
    points, commas = (
        sum(mark.value in cell and _is_number(cell, mark) for cell in cells)
        for mark in (DecimalMark.POINT, DecimalMark.COMMA)
    )
    mark = DecimalMark.COMMA if commas > points else DecimalMark.POINT
    return _with_times(file, replace(form, decimal_mark=mark))


def _with_times(file: BinaryIO, form: FileForm) -> FileForm:
    """The form with the order of its dates, and with a zone if some of its times have no offset."""
    cells = _texts(file, form)
    held = {order: sum(_time(cell, order) is not None for cell in cells) for order in DateOrder}
    # Of dates that can be read both ways, as 3/4/2026, nobody knows: the first is proposed.
    form = replace(form, date_order=max(DateOrder, key=lambda each: held[each]))
    lacking = any((time := _time(cell, form.date_order)) and not time["zone"].strip() for cell in cells)
    return replace(form, zone="UTC" if lacking else None)


def _texts(file: BinaryIO, form: FileForm) -> list[str]:
    cells = (cell for row in sample(file, form) for cell in (row.cells or {}).values())
    return [cell.strip() for cell in cells if isinstance(cell, str)]


def sample(file: BinaryIO, form: FileForm) -> Sequence[FileRow]:
    """The first rows; none of a file that cannot be read so."""
    try:
        return first_rows(file, form, SAMPLE)
    except FileUnreadable:
        return ()


def _encoding(beginning: bytes) -> FileEncoding:
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    if beginning[1::2].count(0) > len(beginning) // 4:
        return FileEncoding.UTF_16_LE
    if beginning[::2].count(0) > len(beginning) // 4:
        return FileEncoding.UTF_16_BE
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return FileEncoding.WINDOWS_1252
    return FileEncoding.UTF_8


def _evenness(lines: Sequence[str], separator: str) -> tuple[int, int]:
    """By how many rows a separator gives the same number of columns, which is more than one, and by how many
    columns."""
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:
        return 0, 0
    if not counts or counts[0] < 2:
        return 0, 0
    return sum(count == counts[0] for count in counts), counts[0]


def _time(cell: str, order: DateOrder) -> re.Match[str] | None:
    text = year_first(cell, order)
    found = None if text is None else _TIME.fullmatch(text)
    if found is None or not (1 <= int(found["month"]) <= 12 and 1 <= int(found["day"]) <= 31):
        return None
    return found


def _is_number(text: str, mark: DecimalMark) -> bool:
    return _NUMBER[mark].fullmatch(without_groups(text.strip(), mark)) is not None


def kind_of(values: Iterable[object], form: FileForm) -> ValueKind:
    """What all values of a column are."""
    texts = [value.strip() if isinstance(value, str) else value for value in values]
    if not texts or not all(isinstance(text, str) for text in texts):
        return ValueKind.JSON if texts else ValueKind.TEXT
    said = [text for text in texts if isinstance(text, str)]
    # What begins with a plus is the number of a telephone.
    if all(_is_number(text, form.decimal_mark) and text[0] != "+" for text in said):
        return ValueKind.NUMBER
    if all(text.lower() in ("true", "false") for text in said):
        return ValueKind.BOOLEAN
    if all(
        (time := _time(text, form.date_order)) and (not time["zone"] or _OFFSET.fullmatch(time["zone"]))
        for text in said
    ):
        return ValueKind.INSTANT
    return ValueKind.TEXT


def words_of(name: str) -> list[str]:
    return re.findall("[A-Z]{2,}(?![a-z])|[A-Za-z][a-z0-9]*|[0-9]+", name) or ["column"]
