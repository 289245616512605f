"""The pages of a group of rows of a Parquet file, by their own headers: how much they are once they are decoded.

What the description at the end of a file says of them binds nothing; what a page's header says does: no more than
that comes of it. Headers are Thrift's compact protocol, of which only numbers are of interest here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from app.imports.file_rows import FileUnreadable

_HEADER = 64 * 1024
"""Bytes of a header at most: statistics stand in it."""
_MOST_PAGES = 50_000
"""Pages of a group of rows."""
_DICTIONARY, _DELTA_BYTE_ARRAY = 2, 7
_KINDS = {0: 5, _DICTIONARY: 7, 3: 8}
"""By the type of a page, the member of its header that says more of it."""
_ENCODING = {5: 2, 7: 2, 8: 4}
_DEEPEST = 8


@dataclass(slots=True)
class DecodedSize:
    """What comes of a column of a group of rows when it is decoded."""

    size: int = 0
    """Bytes of all pages."""
    pages: int = 0
    values: int = 0
    """Values, those included that are null."""
    widest: int = 0
    """Bytes that a row may have beyond what is in its page: texts of which many rows have the same."""


# What pyarrow says of a column has no types, hence Any.
def decoded_size(file: BinaryIO, column: Any, before: int = 0) -> DecodedSize:
    """What comes of one column of a group, of which so many pages were read ``before``. Raises FileUnreadable."""
    found, delta = DecodedSize(), False
    start = column.data_page_offset
    if column.has_dictionary_page and 0 < column.dictionary_page_offset < start:
        start = column.dictionary_page_offset
    end = min(start + max(column.total_compressed_size, 0), file.seek(0, 2))
    while 0 <= start < end:
        file.seek(start)
        reader = _Compact(file.read(min(_HEADER, end - start)))
        header = reader.struct()
        kind, plain, packed = (_number(header, member) for member in (1, 2, 3))
        about = header.get(_KINDS.get(kind, 0), {})
        values = _number(about, 1) if isinstance(about, dict) and about else 0
        if min(plain, packed, values) < 0 or before + found.pages == _MOST_PAGES:
            raise FileUnreadable("A group of rows has too many pages, or such as cannot be.")
        found.size += plain
        if kind == _DICTIONARY:
            found.widest += plain
        else:
            found.values += values
            delta = delta or _number(about, _ENCODING.get(_KINDS.get(kind, 0), 0)) == _DELTA_BYTE_ARRAY
        start += reader.place + packed
        found.pages += 1
    if delta:
        found.widest = found.size
    return found


def _number(members: Any, member: int) -> int:
    value = members.get(member, 0) if isinstance(members, dict) else 0
    return value if isinstance(value, int) else 0


class _Compact:
    """Reads numbers, and what holds them, of Thrift's compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data, self.place = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """The members of a struct, by their numbers. Raises FileUnreadable."""
        if depth > _DEEPEST:
            raise _unreadable()
        return dict(self._members(depth))

    def _members(self, depth: int) -> Iterator[tuple[int, Any]]:
        member = 0
        while first := self._byte():
            step, kind = first >> 4, first & 15
            member = member + step if step else _signed(self._varint())
            # A member that is true or false says so by its type.
            yield member, None if kind in (1, 2) else self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        """A value of a type, if it is a number or a struct."""
        match kind:
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return _signed(self._varint())
            case 7:
                return self._skip(8)
            case 8:
                return self._skip(self._varint())
            case 12:
                return self.struct(depth + 1)
            case _:
                # No header has lists or maps.
                raise _unreadable()

    def _byte(self) -> int:
        self._skip(1)
        return self._data[self.place - 1]

    def _skip(self, length: int) -> None:
        self.place += length
        if self.place > len(self._data):
            raise _unreadable()

    def _varint(self) -> int:
        found = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
        raise _unreadable()


def _signed(number: int) -> int:
    return number >> 1 ^ -(number & 1)


def _unreadable() -> FileUnreadable:
    return FileUnreadable("The header of a page cannot be read.")
