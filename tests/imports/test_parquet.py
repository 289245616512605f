"""Parquet: its rows are read from any of them on, and what is not what it says, or too much, is refused."""

import io
import json
import struct
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.gateway.imports.file_rows import FilePlace, FileRow, FileUnreadable
from app.gateway.imports.proposals import proposed_fields, proposed_form
from app.gateway.imports.rows import columns, rows
from domain.gateway.import_terms import FileForm, FileFormat
from tests.imports.importing import FIELDS, Importer

FORM = FileForm(format=FileFormat.PARQUET)


def written(table: dict[str, list[Any]], **how: Any) -> bytes:
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
    assert [field.member for field in proposed_fields(content, form)] == ["payload.orderID", "payload.total"]


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


def test_refuses_a_group_of_rows_that_unpacks_to_too_much() -> None:
    content = written(
        {"a": ["x" * (1024 * 1024)] * 300}, compression="zstd", use_dictionary=False, row_group_size=1000
    )
    assert len(content) < 1024 * 1024
    with pytest.raises(FileUnreadable, match="too large"):
        read(content)


def test_a_long_text_in_many_rows_is_read_few_rows_at_a_time() -> None:
    content = written({"a": ["x" * (1024 * 1024)] * 200}, compression="zstd")
    found = rows(io.BytesIO(content), FORM, FilePlace())
    assert len(next(found).text) > 1024 * 1024


@pytest.mark.servers
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
