"""The rows of a file, one after the other from any of them on."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from app.imports.cell_texts import unshielded
from app.imports.file_rows import (
    MOST_BLANK,
    MOST_COLUMNS,
    BlankStretch,
    FilePlace,
    FileRow,
    FileUnreadable,
)
from app.imports.json_rows import json_rows, ndjson_rows
from app.imports.parquet_rows import parquet_columns, parquet_rows
from app.imports.text_lines import TextLine, begins, is_text, require_texts, text_lines
from domain.kit.imports.file_forms import LARGEST_ROW, FileForm, FileFormat

BEGINNING = 1024 * 1024
"""Bytes in which the names of the columns stand, and the rows that are looked at before an import."""


def rows(file: BinaryIO, form: FileForm, place: FilePlace) -> Iterator[FileRow]:
    """The rows after a place. Raises FileUnreadable where none can be read from, and BlankStretch."""
    match form.format:
        case FileFormat.CSV:
            return _csv_rows(file, form, place)
        case FileFormat.NDJSON:
            return ndjson_rows(file, form, place)
        case FileFormat.JSON:
            return json_rows(file, form, place)
        case FileFormat.PARQUET:
            return parquet_rows(file, place)


def columns(file: BinaryIO, form: FileForm) -> tuple[str, ...]:
    """The names of the columns: of CSV those of its first row, of JSON the members of its first hundred objects.
    Raises FileUnreadable."""
    if form.format is FileFormat.PARQUET:
        return parquet_columns(file)
    require_texts(file)
    if form.format is FileFormat.CSV:
        return _header(file, form)[0]
    found = (row.cells for row in first_rows(file, form, 100))
    return tuple(dict.fromkeys(name for cells in found if cells for name in cells))[:MOST_COLUMNS]


def first_rows(file: BinaryIO, form: FileForm, most: int) -> list[FileRow]:
    """The first rows, so many of them at most as stand in the beginning of the file. Raises FileUnreadable."""
    beginning = file if form.format is FileFormat.PARQUET else _Beginning(file)
    found: list[FileRow] = []
    try:
        for row in rows(beginning, form, FilePlace()):
            found.append(row)
            if len(found) == most:
                return found
    except BlankStretch:
        return found
    except FileUnreadable:
        if beginning is file or not found or not cut_off(file):
            raise
        return found
    # What was cut off is no row.
    return found[:-1] if beginning is not file and len(found) > 1 and cut_off(file) else found


def cut_off(file: BinaryIO) -> bool:
    """Whether a file is more than its beginning."""
    return file.seek(0, io.SEEK_END) > BEGINNING


class _Beginning(io.RawIOBase, BinaryIO):
    """The beginning of a file, as if it were all of it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        left = max(BEGINNING - self._file.tell(), 0)
        return self._file.read(left if size < 0 else min(size, left))


def _header(file: BinaryIO, form: FileForm) -> tuple[tuple[str, ...], FilePlace]:
    file = _Beginning(file)
    lines = _Lines(text_lines(file, form.encoding, offset=begins(file, form.encoding), number=0))
    last: TextLine | None = None
    for _ in range(form.skipped_lines):
        if (last := lines.next()) is None:
            raise FileUnreadable("The file has no line that names its columns.")
    try:
        record, last = _record(lines, form)
    except _Broken as broken:
        raise FileUnreadable(f"The line that names the columns cannot be read: {broken.why}.") from None
    names = tuple(name.strip() for name in record or ())
    if last is None or not names:
        raise FileUnreadable("The file has no line that names its columns.")
    if len(names) > MOST_COLUMNS:
        raise FileUnreadable(f"The file has more than {MOST_COLUMNS} columns.")
    if not all(names) or len(set(names)) < len(names):
        raise FileUnreadable("Each column needs a name, and no two the same.")
    if not all(map(is_text, names)):
        raise FileUnreadable("The names of the columns hold bytes that are no characters of this encoding.")
    return names, FilePlace(last.end, last.number, 0)


def _csv_rows(file: BinaryIO, form: FileForm, place: FilePlace) -> Iterator[FileRow]:
    names, first = _header(file, form)
    place = place if place.offset else first
    lines = _Lines(text_lines(file, form.encoding, offset=place.offset, number=place.line))
    number, blank = place.row, 0
    while True:
        begun = lines.peek()
        if begun is None:
            return
        try:
            record, last = _record(lines, form)
        except _Broken as broken:
            # Only its first line is given up: what a quote that is never closed holds may be good rows.
            number += 1
            after = FilePlace(begun.end, begun.number, number)
            yield FileRow(number, begun.number, after, text=begun.text[:LARGEST_ROW], fault=broken.sentence)
            continue
        assert last is not None
        if not record:
            if (blank := blank + 1) == MOST_BLANK:
                raise BlankStretch(FilePlace(last.end, last.number, number))
            continue
        number, blank = number + 1, 0
        after = FilePlace(last.end, last.number, number)
        if len(record) != len(names):
            text = form.separator.join(record)[:LARGEST_ROW]
            fault = f"The row has {len(record)} cells where the file has {len(names)} columns."
            yield FileRow(number, begun.number, after, text=text, fault=fault)
        else:
            cells = dict(zip(names, map(unshielded, record), strict=True))
            yield FileRow(number, begun.number, after, cells=cells)


class _Broken(Exception):
    def __init__(self, why: str) -> None:
        self.why = why

    @property
    def sentence(self) -> str:
        return f"The row cannot be read: {self.why}."


class _Lines:
    """Lines that may be put back."""

    def __init__(self, lines: Iterator[TextLine]) -> None:
        self._lines = lines
        self._back: list[TextLine] = []

    def next(self) -> TextLine | None:
        return self._back.pop() if self._back else next(self._lines, None)

    def peek(self) -> TextLine | None:
        if (line := self.next()) is not None:
            self._back.append(line)
        return line

    def put_back(self, lines: list[TextLine]) -> None:
        self._back += reversed(lines)


def _record(lines: _Lines, form: FileForm) -> tuple[list[str] | None, TextLine | None]:
    """The cells of the next record, and its last line; none for a blank line. Raises _Broken for one that is none,
    with all but its first line put back."""
    taken: list[TextLine] = []
    size = 0

    def texts() -> Iterator[str]:
        nonlocal size
        while (line := lines.next()) is not None:
            taken.append(line)
            size += len(line.text) + 1
            if line.too_long or size > LARGEST_ROW:
                raise _Broken(f"it has more than {LARGEST_ROW} characters, or a quote that is not closed")
            yield line.text + "\n"

    try:
        record = next(csv.reader(texts(), delimiter=form.separator, strict=True), None)
    except csv.Error as error:
        lines.put_back(taken[1:])
        raise _Broken(str(error)) from None
    except _Broken:
        lines.put_back(taken[1:])
        raise
    return record, taken[-1] if taken else None
