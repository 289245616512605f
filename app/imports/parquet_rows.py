"""The rows of Parquet files: few are decoded at once, and nothing is that says of itself that it is too much.

Parquet is read by ``pyarrow``, an extra of this package, which is loaded when the first such file is read.
"""

import json
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

from app.imports.file_rows import MOST_COLUMNS, FilePlace, FileRow, FileUnreadable
from app.imports.parquet_pages import decoded_size
from app.imports.parquet_texts import cut
from domain.kit.imports.file_forms import LARGEST_ROW
from domain.kit.process.files import FilesUnavailable

MAGIC = b"PAR1"
_FOOTER = 16 * 1024 * 1024
"""Bytes of the description that a file ends with."""
_GROUP = 256 * 1024 * 1024
"""Bytes of a group of rows when it is decoded."""
_DEEPEST = 16
_LONGEST = LARGEST_ROW + 1
"""Characters of a text, or values of a list, with which a row is larger than any event."""
_TOGETHER = 64
"""Rows that are decoded at once."""
_REPEATED = 256 * 1024 * 1024
"""Bytes of rows decoded at once, if each has the longest text there is: one that many have takes no room in the
file."""
_ROWS = 10_000_000
"""Rows of a group."""
_IN_LISTS = 2_000_000
"""Values of a group that stand in lists: all may be those of one row."""


def parquet_columns(file: BinaryIO) -> tuple[str, ...]:
    """The names of the columns. Raises FileUnreadable."""
    names = tuple(_opened(file).schema_arrow.names)
    if not all(names) or len(set(names)) < len(names):
        raise FileUnreadable("Each column needs a name, and no two the same.")
    return names


def parquet_rows(file: BinaryIO, place: FilePlace) -> Iterator[FileRow]:
    """The rows after a place. Raises FileUnreadable where none can be read from."""
    parquet_columns(file)
    opened = _opened(file)
    # It is there, as the file was opened by it.
    import pyarrow

    size = file.seek(0, 2)
    about = opened.metadata
    groups = [about.row_group(group).num_rows for group in range(opened.num_row_groups)]
    number, total = 0, sum(groups)
    try:
        for group, rows in enumerate(groups):
            if rows + number <= place.row:
                number += rows
                continue
            together = _together(file, opened, group)
            for batch in opened.iter_batches(together, row_groups=[group], use_threads=False):
                # A file may have had its time: what was read of it before tells nobody.
                file.tell()
                if number + batch.num_rows <= place.row:
                    number += batch.num_rows
                    continue
                for cells in _cells(batch):
                    number += 1
                    if number > place.row:
                        yield _row(number, FilePlace(size * number // total, number, number), cells)
    except (FileNotFoundError, FilesUnavailable):
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise FileUnreadable(f"The file cannot be read after row {number}.") from error


def _row(number: int, after: FilePlace, cells: dict[str, Any] | None) -> FileRow:
    if cells is None:
        fault = "The row holds what is no value here, such as a time that is too early or too late."
        return FileRow(number, number, after, fault=fault)
    plain = {name: _plain(value) for name, value in cells.items()}
    text = json.dumps(plain, ensure_ascii=False)
    return FileRow(number, number, after, cells=plain, text=text[:_LONGEST])


# What pyarrow reads has no types, hence Any.
def _cells(batch: Any) -> Iterator[dict[str, Any] | None]:
    """The cells of each row; None for one with a value that Python has no match for."""
    batch = _in_microseconds(batch)
    try:
        yield from _cut_cells(batch)
    except (ValueError, OverflowError):
        for place in range(batch.num_rows):
            try:
                (cells,) = _cut_cells(batch.slice(place, 1))
            except (ValueError, OverflowError):
                cells = None
            yield cells


def _cut_cells(batch: Any) -> list[dict[str, Any]]:
    columns = [cut(column, _LONGEST) for column in batch.columns]
    values = [column if isinstance(column, list) else column.to_pylist() for column in columns]
    return [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*values, strict=True)]


def _in_microseconds(batch: Any) -> Any:
    """A batch whose times are no finer than those of Python."""
    import pyarrow

    columns = list(batch.columns)
    for place, column in enumerate(columns):
        kind = column.type
        if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
            columns[place] = column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
        elif pyarrow.types.is_time64(kind) and kind.unit == "ns":
            columns[place] = column.cast(pyarrow.time64("us"), safe=False)
        elif pyarrow.types.is_duration(kind) and kind.unit == "ns":
            columns[place] = column.cast(pyarrow.duration("us"), safe=False)
    return pyarrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _together(file: BinaryIO, opened: Any, group: int) -> int:
    """How many rows of a group are decoded at once. Raises FileUnreadable for one that is too large."""
    about, size, pages, widest, in_lists = opened.metadata.row_group(group), 0, 0, 0, 0
    for place in range(about.num_columns):
        found = decoded_size(file, about.column(place), pages)
        size, pages, widest = size + found.size, pages + found.pages, widest + found.widest
        if opened.schema.column(place).max_repetition_level:
            in_lists += found.values
    if size > _GROUP or in_lists > _IN_LISTS or about.num_rows > _ROWS:
        raise FileUnreadable("A group of rows is too large: write the file in smaller groups.")
    return min(max(_REPEATED // max(widest, 1), 1), _TOGETHER)


# What pyarrow opens, and what it reads, says no types; hence Any.
def _opened(file: BinaryIO) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise FileUnreadable("Parquet is not read here: the extra `parquet` is not installed.") from None
    end = file.seek(0, 2)
    file.seek(max(end - 8, 0))
    last = file.read(8)
    if end < 12 or last[4:] != MAGIC:
        raise FileUnreadable("The file is no Parquet.")
    if int.from_bytes(last[:4], "little") > min(_FOOTER, end):
        raise FileUnreadable("The description of the file is too large.")
    try:
        opened = parquet.ParquetFile(
            file,
            pre_buffer=False,
            buffer_size=256 * 1024,
            thrift_string_size_limit=1024 * 1024,
            thrift_container_size_limit=100_000,
            schema_depth_limit=_DEEPEST,
        )
    except (FileNotFoundError, FilesUnavailable):
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise FileUnreadable("The file is no Parquet that can be read.") from error
    about = opened.metadata
    if about.num_columns > MOST_COLUMNS:
        raise FileUnreadable(f"The file has more than {MOST_COLUMNS} columns.")
    if any(_too_large(about.row_group(group)) for group in range(about.num_row_groups)):
        raise FileUnreadable("A group of rows is too large: write the file in smaller groups.")
    return opened


def _too_large(group: Any) -> bool:
    columns = (group.column(place) for place in range(group.num_columns))
    return bool(max(group.total_byte_size, sum(each.total_uncompressed_size for each in columns)) > _GROUP)


def _plain(value: Any) -> Any:
    """A value as JSON has it; what JSON has no numbers for are texts. What is longer than any event is cut, and no
    event still."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return value[:_LONGEST]
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            number = float(value)
            if value == value.to_integral_value() and abs(value) < 2**53:
                return int(value)
            return number if Decimal(repr(number)) == value else str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value[:_LONGEST].decode(errors="surrogateescape")
        case dict():
            return {str(name): _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value[:_LONGEST]]
        case _:
            return str(value)
