"""Lines of a file, decoded as it says, each with the place where it ends: so that reading goes on there later."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from app.imports.file_rows import FileUnreadable
from domain.kit.imports.file_forms import FileEncoding

BLOCK = 64 * 1024
LONGEST = 128 * 1024
"""Characters of a line, of which no more is kept."""

_LONGEST_DROPPED = 64 * 1024 * 1024
"""Bytes of a line beyond which the file has no lines at all."""
_HALF = "\ud800"
_LINE = re.compile(r"[\r\n]")
_BOMS = {
    FileEncoding.UTF_8: codecs.BOM_UTF8,
    FileEncoding.UTF_16_LE: codecs.BOM_UTF16_LE,
    FileEncoding.UTF_16_BE: codecs.BOM_UTF16_BE,
}
_NO_TEXTS = {
    codecs.BOM_UTF32_LE: "in UTF-32, which is not read: write it in UTF-8",
    codecs.BOM_UTF32_BE: "in UTF-32, which is not read: write it in UTF-8",
    b"PK\x03\x04": "an archive, as table programs save it: save it as CSV, or send what is in it",
    b"\xd0\xcf\x11\xe0": "one of a table program: save it as CSV",
    b"\x1f\x8b": "compressed: send what is in it",
    b"PAR1": "Parquet",
}
"""How files begin that hold no lines of text, and what they are."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line without its end. Bytes that are no characters stand in it as lone surrogates."""

    text: str
    number: int
    end: int
    """The byte after it."""
    too_long: bool = False


class TextDecoder:
    """Decodes a file from a byte on, and says how many bytes a text came from."""

    def __init__(self, encoding: FileEncoding) -> None:
        self.encoding = encoding
        # Each of these gives back the same bytes, whatever they were.
        self._errors = "surrogatepass" if encoding.value.startswith("utf-16") else "surrogateescape"

    def texts(self, file: BinaryIO, offset: int) -> Iterator[str]:
        """The text from a byte on, in blocks. UTF-16 that ends within a character ends in a lone surrogate."""
        file.seek(offset)
        decoder = codecs.getincrementaldecoder(self.encoding.value)(self._errors)
        while block := file.read(BLOCK):
            if text := decoder.decode(block):
                yield text
        if self._errors == "surrogateescape":
            rest = decoder.decode(b"", final=True)
        else:
            held = decoder.getstate()[0]
            # Half of a pair can be read as such, and half of two bytes cannot.
            whole = held[: len(held) // 2 * 2].decode(self.encoding.value, self._errors)
            rest = whole + _HALF * (len(held) % 2)
        if rest:
            yield rest

    def size(self, text: str) -> int:
        """The bytes of a text."""
        return len(text.encode(self.encoding.value, self._errors))


def begins(file: BinaryIO, encoding: FileEncoding) -> int:
    """The byte at which the text begins: after a byte order mark."""
    file.seek(0)
    mark = _BOMS.get(encoding, b"")
    return len(mark) if mark and file.read(len(mark)) == mark else 0


def require_texts(file: BinaryIO) -> None:
    """Raise FileUnreadable for a file that is known to hold no text by how it begins."""
    file.seek(0)
    beginning = file.read(4)
    for mark, what in _NO_TEXTS.items():
        if beginning.startswith(mark):
            raise FileUnreadable(f"The file is {what}.")


def text_lines(file: BinaryIO, encoding: FileEncoding, *, offset: int, number: int) -> Iterator[TextLine]:
    """The lines from a byte on, which begins one; ``number`` is the last before it. Raises FileUnreadable for one
    that does not end."""
    decoder = TextDecoder(encoding)
    held, dropped = "", 0
    for text in decoder.texts(file, offset):
        # No line ends in what is held, but with a carriage return that may be half of its end.
        start, searched = 0, max(len(held) - 1, 0)
        held += text
        # What follows a carriage return at the end is not known yet.
        until = len(held) - held.endswith("\r")
        while (found := _LINE.search(held, searched, until)) is not None:
            number += 1
            end = found.end() + held.startswith("\r\n", found.start())
            offset += dropped + decoder.size(held[start:end])
            yield _line(held[start : found.start()], number, offset, dropped)
            start, searched, dropped = end, end, 0
        held = held[start:]
        if len(held) > 2 * LONGEST:
            dropped += decoder.size(held[LONGEST:-1])
            held = held[:LONGEST] + held[-1]
        if dropped > _LONGEST_DROPPED:
            raise FileUnreadable(f"Line {number + 1} of the file does not end.")
    if held:
        yield _line(held.removesuffix("\r"), number + 1, offset + dropped + decoder.size(held), dropped)


def _line(text: str, number: int, end: int, dropped: int) -> TextLine:
    return TextLine(text[:LONGEST], number, end, dropped > 0 or len(text) > LONGEST)


def is_text(text: str) -> bool:
    """Whether all of it is characters."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
