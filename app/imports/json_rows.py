"""The rows of files of JSON: of a list, whose objects one comma stands between, or of lines."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO

from app.imports.file_rows import MOST_BLANK, BlankStretch, FilePlace, FileRow, FileUnreadable
from app.imports.text_lines import TextDecoder, begins, is_text, text_lines
from domain.kit.imports.file_forms import LARGEST_ROW, FileForm
from domain.kit.imports.json_objects import end_of, object_of


class _Awaited(Enum):
    """What is to come next in a list."""

    LIST = "the beginning of a list"
    FIRST = "an object or the end of the list"
    ROW = "an object"
    COMMA = "a comma or the end of the list"
    NOTHING = "nothing"


_MARKS = {
    (_Awaited.LIST, "["): _Awaited.FIRST,
    (_Awaited.FIRST, "]"): _Awaited.NOTHING,
    (_Awaited.COMMA, ","): _Awaited.ROW,
    (_Awaited.COMMA, "]"): _Awaited.NOTHING,
}
_VALUES = (_Awaited.FIRST, _Awaited.ROW)


def ndjson_rows(file: BinaryIO, form: FileForm, place: FilePlace) -> Iterator[FileRow]:
    """The rows after a place, of a file with one in each line. Raises BlankStretch."""
    start = place.offset or begins(file, form.encoding)
    number, blank = place.row, 0
    for line in text_lines(file, form.encoding, offset=start, number=place.line):
        if line.text.strip():
            number, blank = number + 1, 0
            yield _of_json(line.text, number, line.number, FilePlace(line.end, line.number, number))
        elif (blank := blank + 1) == MOST_BLANK:
            raise BlankStretch(FilePlace(line.end, line.number, number))


def json_rows(file: BinaryIO, form: FileForm, place: FilePlace) -> Iterator[FileRow]:
    """The rows after a place, of a file that is a list. Raises FileUnreadable where it is none any more."""
    decoder = TextDecoder(form.encoding)
    offset = place.offset or begins(file, form.encoding)
    line, number, held = place.line or 1, place.row, ""
    awaited = _Awaited.COMMA if number else _Awaited.LIST
    texts = decoder.texts(file, offset)
    ended = False
    while True:
        left = held.lstrip(" \t\r\n")
        skipped = held[: len(held) - len(left)]
        offset, line, held = offset + decoder.size(skipped), line + skipped.count("\n"), left
        if held and (after := _MARKS.get((awaited, held[0]))):
            offset, held, awaited = offset + decoder.size(held[0]), held[1:], after
            continue
        if held and awaited not in _VALUES:
            raise FileUnreadable(f"In line {line} of the file comes something else than {awaited.value}.")
        end = _end(held) if held else 0
        # A number may go on.
        if end and (end < len(held) or ended):
            number, awaited = number + 1, _Awaited.COMMA
            text, held = held[:end], held[end:]
            offset += decoder.size(text)
            row = _of_json(text, number, line, FilePlace(offset, line + text.count("\n"), number))
            line += text.count("\n")
            yield row
            continue
        more = "" if ended or len(held) > 2 * LARGEST_ROW else next(texts, None)
        if more is None:
            ended = True
        elif more:
            held += more
        elif awaited is _Awaited.NOTHING or (awaited is _Awaited.LIST and not held):
            return
        else:
            raise FileUnreadable(
                f"What follows in line {line} is not JSON, or has more than {LARGEST_ROW} bytes."
            )


def _end(held: str) -> int:
    """Where the value ends that a text begins with; 0 if it does not."""
    try:
        return _READER.raw_decode(held)[1]
    except ValueError:
        return 0
    except RecursionError:
        return end_of(held, 0)


# Python reads no whole number of some thousand digits; here all of them are passed over.
_READER = json.JSONDecoder(parse_int=str)


def _of_json(text: str, number: int, line: int, after: FilePlace) -> FileRow:
    if not is_text(text):
        text = text.encode(errors="replace").decode()
        return FileRow(number, line, after, text=text, fault="The row holds bytes that are no characters.")
    if len(text) > LARGEST_ROW:
        return FileRow(number, line, after, text=text)
    try:
        value = json.loads(text, object_pairs_hook=object_of)
    except (ValueError, RecursionError):
        value = None
    return FileRow(number, line, after, cells=value if isinstance(value, dict) else None, text=text)
