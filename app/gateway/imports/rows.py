"""The rows of a file, one after the other from any of them on."""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from app.gateway.imports.file_rows import MOST_COLUMNS, FilePlace, FileRow, FileUnreadable
from app.gateway.imports.parquet_rows import parquet_columns, parquet_rows
from app.gateway.imports.text_lines import TextDecoder, TextLine, begins, is_text, text_lines
from domain.gateway.import_terms import FileForm, FileFormat
from domain.gateway.outcomes import LARGEST_EVENT


def rows(file: BinaryIO, form: FileForm, place: FilePlace) -> Iterator[FileRow]:
    """The rows after a place. Raises FileUnreadable where none can be read from."""
    match form.format:
        case FileFormat.CSV:
            return _csv_rows(file, form, place)
        case FileFormat.NDJSON:
            return _ndjson_rows(file, form, place)
        case FileFormat.JSON:
            return _json_rows(file, form, place)
        case FileFormat.PARQUET:
            return parquet_rows(file, place)


def columns(file: BinaryIO, form: FileForm) -> tuple[str, ...]:
    """The names of the columns: of CSV those of its first row, of JSON the members of its first hundred objects.
    Raises FileUnreadable."""
    if form.format is FileFormat.CSV:
        return _header(file, form)[0]
    if form.format is FileFormat.PARQUET:
        return parquet_columns(file)
    found = (row.cells for row in islice(rows(file, form, FilePlace()), 100))
    return tuple(dict.fromkeys(name for cells in found if cells for name in cells))[:MOST_COLUMNS]


def _header(file: BinaryIO, form: FileForm) -> tuple[tuple[str, ...], FilePlace]:
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
    place = place if place.row else first
    lines = _Lines(text_lines(file, form.encoding, offset=place.offset, number=place.line))
    number = place.row
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
            yield FileRow(number, begun.number, after, text=begun.text[:LARGEST_EVENT], fault=broken.sentence)
            continue
        assert last is not None
        if not record:
            continue
        number += 1
        after = FilePlace(last.end, last.number, number)
        if len(record) != len(names):
            text = form.separator.join(record)[:LARGEST_EVENT]
            fault = f"The row has {len(record)} cells where the file has {len(names)} columns."
            yield FileRow(number, begun.number, after, text=text, fault=fault)
        else:
            cells = dict(zip(names, record, strict=True))
            yield FileRow(number, begun.number, after, cells=cells)


def _ndjson_rows(file: BinaryIO, form: FileForm, place: FilePlace) -> Iterator[FileRow]:
    start = place.offset if place.row else begins(file, form.encoding)
    number = place.row
    for line in text_lines(file, form.encoding, offset=start, number=place.line):
        if line.text.strip():
            number += 1
            yield _of_json(line.text, number, line.number, FilePlace(line.end, line.number, number))


def _json_rows(file: BinaryIO, form: FileForm, place: FilePlace) -> Iterator[FileRow]:
    decoder, reader = TextDecoder(form.encoding), json.JSONDecoder()
    offset = place.offset if place.row else begins(file, form.encoding)
    line, number, held = place.line or 1, place.row, ""
    texts = decoder.texts(file, offset)
    ended, inside = False, place.row > 0
    while True:
        left = held.lstrip(" \t\r\n" + ("," if number and inside else ""))
        skipped = held[: len(held) - len(left)]
        offset, line, held = offset + decoder.size(skipped), line + skipped.count("\n"), left
        if not inside and held:
            if held[0] != "[":
                raise FileUnreadable("The file is no list of JSON objects.")
            offset, held, inside = offset + decoder.size("["), held[1:], True
            continue
        if inside and held.startswith("]"):
            return
        try:
            _, end = reader.raw_decode(held)
        except (ValueError, RecursionError):
            end = 0
        # A number may go on.
        if end and (end < len(held) or ended):
            number += 1
            text, held = held[:end], held[end:]
            offset += decoder.size(text)
            row = _of_json(text, number, line, FilePlace(offset, line + text.count("\n"), number))
            line += text.count("\n")
            yield row
            continue
        more = "" if ended or len(held) > 2 * LARGEST_EVENT else next(texts, None)
        if more is None:
            ended = True
        elif not more:
            if not held and not inside:
                return
            raise FileUnreadable(
                f"What follows in line {line} is not JSON, or has more than {LARGEST_EVENT} bytes."
            )
        else:
            held += more


def _of_json(text: str, number: int, line: int, after: FilePlace) -> FileRow:
    if not is_text(text):
        text = text.encode(errors="replace").decode()
        return FileRow(number, line, after, text=text, fault="The row holds bytes that are no characters.")
    if len(text) > LARGEST_EVENT:
        return FileRow(number, line, after, text=text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return FileRow(number, line, after, cells=value if isinstance(value, dict) else None, text=text)


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
            if line.too_long or size > LARGEST_EVENT:
                raise _Broken(f"it has more than {LARGEST_EVENT} characters, or a quote that is not closed")
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
