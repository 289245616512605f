"""Parquet: its rows are read from any of them on, and what is not what it says, or too much, is refused."""

import io
import json
import struct
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.gateway.imports.fields import proposed_fields
from app.imports.file_rows import FilePlace, FileRow, FileUnreadable
from app.imports.proposals import proposed_form
from app.imports.rows import columns, rows
from domain.gateway.outcomes import LARGEST_EVENT
from domain.kit.imports.file_forms import FileForm, FileFormat
from tests.imports.importing import FIELDS, Importer

FORM = FileForm(format=FileFormat.PARQUET)


def written(table: dict[str, Any], **how: Any) -> bytes:
    """A file with these columns."""
    file = io.BytesIO()
    pq.write_table(pa.table(table), file, **how)
    return file.getvalue()


def read(content: bytes, place: FilePlace | None = None) -> list[FileRow]:
    """All rows after a place."""
    return list(rows(io.BytesIO(content), FORM, place or FilePlace()))


def test_values_are_those_of_json() -> None:
    content = written(
        {
            "text": ["ü"],
            "whole": [7],
            "real": [float("nan")],
            "exact": [Decimal("12.50")],
            "long": [Decimal("0.1234567890123456789")],
            "at": [datetime(2026, 3, 1, 12, tzinfo=UTC)],
            "on": [date(2026, 3, 1)],
            "raw": [b"\xff"],
            "deep": [{"list": [1, None]}],
            "none": [None],
        }
    )
    (row,) = read(content)
    assert row.cells == {
        "text": "ü",
        "whole": 7,
        "real": "nan",
        "exact": 12.5,
        "long": "0.1234567890123456789",
        "at": "2026-03-01T12:00:00+00:00",
        "on": "2026-03-01",
        "raw": "\udcff",
        "deep": {"list": [1, None]},
        "none": None,
    }
    assert json.loads(row.text) == row.cells


def test_goes_on_after_any_row() -> None:
    content = written({"n": list(range(300))}, row_group_size=130)
    whole = read(content)
    assert [row.cells for row in whole] == [{"n": n} for n in range(300)]
    for number in (0, 63, 64, 129, 130, 299):
        assert read(content, whole[number].after) == whole[number + 1 :]


def test_is_known_by_its_beginning() -> None:
    content = io.BytesIO(written({"Order ID": ["a"], "total": [1.5]}))
    form = proposed_form(content)
    assert form == FORM
    assert columns(content, form) == ("Order ID", "total")
    assert [field.member for field in proposed_fields(content, form)] == ["payload.orderId", "payload.total"]


GOOD = written({"n": list(range(1000))})


@pytest.mark.parametrize(
    "content",
    [
        b"PAR1",
        b"PAR1" * 10,
        GOOD[:-1],
        GOOD[4:],
        GOOD[: len(GOOD) // 2] + GOOD[-8:],
        b"PAR1" + b"\xff" * 100 + struct.pack("<I", 100) + b"PAR1",
        b"PAR1" + struct.pack("<I", 2**31) + b"PAR1",
        written({f"c{n}": [1] for n in range(1001)}),
        GOOD[:4] + bytes(byte ^ 0x55 for byte in GOOD[4:200]) + GOOD[200:],
    ],
)
def test_refuses_what_is_no_parquet(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read(content)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A small file that unpacks to 300 MiB."""
    return written(
        {"a": ["x" * (1024 * 1024)] * 300}, compression="zstd", use_dictionary=False, row_group_size=1000
    )


def test_refuses_a_group_of_rows_that_unpacks_to_too_much(bomb: bytes) -> None:
    assert len(bomb) < 1024 * 1024
    with pytest.raises(FileUnreadable, match="too large"):
        read(bomb)


def test_believes_the_pages_and_not_what_the_file_says_of_them(bomb: bytes) -> None:
    size = pq.ParquetFile(io.BytesIO(bomb)).metadata.row_group(0).total_byte_size
    assert bomb.count(_varint(2 * size)) == 2
    with pytest.raises(FileUnreadable, match="too large"):
        read(bomb.replace(_varint(2 * size), _varint(2 * 1024 * 1024)))


def _varint(number: int) -> bytes:
    """A number in five bytes."""
    return bytes([*(number >> shift & 127 | 128 for shift in range(0, 28, 7)), number >> 28])


@pytest.fixture
def allocated() -> Iterator[Callable[[], int]]:
    """How many bytes pyarrow has taken at most since the test began."""
    before, pool = pa.default_memory_pool(), pa.system_memory_pool()
    measured = pa.proxy_memory_pool(pool)
    pa.set_memory_pool(measured)
    yield measured.max_memory
    pa.set_memory_pool(before)


def test_a_huge_text_in_many_rows_takes_the_room_of_few(allocated: Callable[[], int]) -> None:
    text = "x" * (20 * 1024 * 1024)
    table = pa.table({"a": pa.DictionaryArray.from_arrays([0] * 64, [text])})
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", store_schema=False)
    before = allocated()
    assert len(next(rows(file, FORM, FilePlace())).text) == LARGEST_EVENT + 1
    assert allocated() - before < 512 * 1024 * 1024


TEXT = "x" * (16 * 1024 * 1024)


@pytest.mark.parametrize(
    "column",
    [
        pa.DictionaryArray.from_arrays([0] * 100, [TEXT]),
        pa.DictionaryArray.from_arrays([0] * 100, [TEXT.encode()]),
        pa.StructArray.from_arrays([pa.DictionaryArray.from_arrays([0] * 100, [TEXT])], ["deep"]),
        pa.ListArray.from_arrays(list(range(101)), pa.DictionaryArray.from_arrays([0] * 100, [TEXT])),
    ],
    ids=["text", "bytes", "struct", "list"],
)
@pytest.mark.parametrize("stored", [True, False])
def test_a_huge_text_becomes_no_value_of_its_rows(column: object, stored: bool) -> None:
    content = io.BytesIO(
        written({"n": list(range(100)), "a": column}, compression="zstd", store_schema=stored)
    )
    tracemalloc.start()
    try:
        found = [(row.cells or {}, len(row.text)) for row in islice(rows(content, FORM, FilePlace()), 20)]
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(cells["n"], len(cells["a"]), length) for cells, length in found] == [
        (n, LARGEST_EVENT + 1, LARGEST_EVENT + 1) for n in range(20)
    ]
    assert taken < len(TEXT)


def test_refuses_more_values_in_lists_than_a_row_may_have() -> None:
    content = written({"a": [[1] * 2_100_000]})
    with pytest.raises(FileUnreadable, match="too large"):
        read(content)


def test_refuses_more_pages_than_a_group_may_have_however_many_columns_have_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    column = list(range(60))
    content = written({"a": column, "b": column}, data_page_size=1, write_batch_size=1, use_dictionary=False)
    assert len(read(content)) == 60
    monkeypatch.setattr("app.imports.parquet_pages._MOST_PAGES", 100)
    with pytest.raises(FileUnreadable, match="too many pages"):
        read(content)


def test_refuses_more_rows_than_a_group_may_have() -> None:
    content = written({"a": pa.nulls(10_100_000)}, row_group_size=20_000_000)
    assert len(content) < 1024 * 1024
    with pytest.raises(FileUnreadable, match="too large"):
        read(content)


def test_a_time_is_read_as_finely_as_it_can_be_and_one_beyond_all_is_a_fault_of_its_row() -> None:
    fine = pa.array([1_772_366_400_000_000_001, 1_772_366_400_000_000_002], pa.timestamp("ns"))
    far = pa.array([1_772_366_400_000, 2**62], pa.timestamp("ms"))
    first, second = read(written({"fine": fine, "far": far}))
    assert first.cells == {"fine": "2026-03-01T12:00:00", "far": "2026-03-01T12:00:00"}
    assert "too early or too late" in second.fault


def test_a_text_is_measured_as_it_is_written() -> None:
    (row,) = read(written({"a": ["ü" * 100]}))
    assert len(row.text) < 120


@pytest.mark.servers
async def test_without_its_library_parquet_is_refused_at_once(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = written({"order": ["o-1"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    asked = {"fileId": await importer.file(content), "sourceId": str(importer.source)}
    proposed = await importer.client.send("ProposeImport", input=asked)
    assert proposed["code"] == "import_file_unreadable"
    assert "`parquet` is not installed" in proposed["message"]
    refused = await importer.begin(content, format="PARQUET", fields=[])
    assert refused["code"] == "import_file_unreadable"
    wanted = {"sourceId": asked["sourceId"], "since": "2020-01-01T00:00:00Z", "format": "PARQUET"}
    refused = await importer.client.send("StartEventExport", input=wanted)
    assert (refused["code"], refused["field"]) == ("invalid", "format")


async def test_the_rows_of_a_file_become_events(importer: Importer) -> None:
    content = written(
        {
            "at": [datetime(2026, 3, 1, tzinfo=UTC)] * 1200,
            "order": [f"p-{n}" for n in range(1200)],
            "amount": [Decimal("0.50")] * 1199 + [Decimal("-1.00")],
        },
        row_group_size=500,
    )
    assert await importer.run(content, format="PARQUET") == [1200, 1199, 0, 1]
    assert await importer.run(content, format="PARQUET") == [1200, 0, 1199, 1]
    refused = await importer.begin(GOOD[:-1], format="PARQUET", fields=FIELDS)
    assert refused["code"] == "import_file_unreadable"
