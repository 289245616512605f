"""The rows of Parquet files: few are decoded at once, and nothing is that says of itself that it is too much.

Parquet is read by ``pyarrow``, an extra of this package, which is loaded when the first such file is read.
"""

import json
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

from app.gateway.imports.file_rows import MOST_COLUMNS, FilePlace, FileRow, FileUnreadable

MAGIC = b"PAR1"
_FOOTER = 16 * 1024 * 1024
"""Bytes of the description that a file ends with."""
_GROUP = 256 * 1024 * 1024
"""Bytes of a group of rows when it is decoded."""
_DEEPEST = 16
_TOGETHER = 64
"""Rows that are decoded at once: a long text may stand in all of them and take no room in the file."""


def parquet_columns(file: BinaryIO) -> tuple[str, ...]:
    """The names of the columns. Raises FileUnreadable."""
    names = tuple(_opened(file).schema_arrow.names)
    if not all(names) or len(set(names)) < len(names):
        raise FileUnreadable("Each column needs a name, and no two the same.")
    return names


def parquet_rows(file: BinaryIO, place: FilePlace) -> Iterator[FileRow]:
    """The rows after a place. Raises FileUnreadable where none can be read from."""
    import pyarrow

    parquet_columns(file)
    opened = _opened(file)
    size = file.seek(0, 2)
    number, total = 0, opened.metadata.num_rows
    try:
        for group in range(opened.num_row_groups):
            if (rows := opened.metadata.row_group(group).num_rows) + number <= place.row:
                number += rows
                continue
            for batch in opened.iter_batches(_TOGETHER, row_groups=[group], use_threads=False):
                if number + batch.num_rows <= place.row:
                    number += batch.num_rows
                    continue
                for cells in batch.to_pylist():
                    number += 1
                    if number > place.row:
                        after = FilePlace(size * number // total, number, number)
                        plain = {name: _plain(value) for name, value in cells.items()}
                        yield FileRow(number, number, after, cells=plain, text=json.dumps(plain))
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise FileUnreadable(f"The file cannot be read after row {number}.") from error


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
    except FileNotFoundError:
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
    """A value as JSON has it; what JSON has no numbers for are texts."""
    match value:
        case None | bool() | int() | str():
            return value
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
            return value.decode(errors="surrogateescape")
        case dict():
            return {str(name): _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return str(value)
