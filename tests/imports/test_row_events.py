"""Events of rows: what a cell means is said, and what it does not mean is a fault of its row and column."""

import io
from typing import Any
from uuid import UUID

import pytest

from app.gateway.imports.row_events import RowMapping
from app.imports.file_rows import FilePlace, FileRow
from app.imports.rows import rows
from domain.gateway.import_terms import ImportField, ImportTerms
from domain.gateway.outcomes import ReceivedEvent
from domain.kit.imports.file_forms import DateOrder, DecimalMark, FileForm, FileFormat, ValueKind

AFTER = FilePlace(10, 2, 1)


def mapping(kind: ValueKind, *, format: FileFormat = FileFormat.CSV, **form: Any) -> RowMapping:
    """Makes events of rows with one cell."""
    terms = ImportTerms(
        import_id=UUID(int=1),
        file_id=UUID(int=2),
        source_id=UUID(int=3),
        started_by=UUID(int=4),
        form=FileForm(format=format, **form),
        fields=(
            ImportField(member="eventType", value="order.created"),
            ImportField(member="payload.x.y", column="X", kind=kind),
        ),
    )
    return RowMapping(terms)


def made(cell: Any, kind: ValueKind, **form: Any) -> ReceivedEvent:
    """The event of a row with one cell."""
    return mapping(kind, **form).event(FileRow(1, 2, AFTER, cells={"X": cell}))


def meant(cell: Any, kind: ValueKind, **form: Any) -> Any:
    """What a cell means; None if nothing."""
    event = made(cell, kind, **form)
    assert event.unreadable is None, event.unreadable
    return event.value["data"]["payload"].get("x", {}).get("y")


@pytest.mark.parametrize(
    ("cell", "mark", "number"),
    [
        ("7", ".", 7),
        (" -1.50 ", ".", -1.5),
        ("18500.00", ".", 18500.0),
        ("18500,00", ",", 18500.0),
        ("+3", ",", 3),
        ("1e3", ".", 1000.0),
        ("0.1", ".", 0.1),
        ("18,500.00", ".", 18500.0),
        ("1.234,50", ",", 1234.5),
        ("1,234,567", ".", 1234567),
        ("-1 000", ".", -1000),
        ("12'000.5", ".", 12000.5),
    ],
)
def test_reads_numbers(cell: str, mark: str, number: float) -> None:
    found = meant(cell, ValueKind.NUMBER, decimal_mark=DecimalMark(mark))
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("18500.00", ","),
        ("18,500", "."),
        ("1.234", ","),
        ("1,23,456.5", "."),
        ("1,000 000", "."),
        ("NaN", "."),
        ("", "x"),
        ("0x10", "."),
        ("٣", "."),
        ("1.00000000000000000001", "."),
        ("9" * 41, "."),
        ("-", "."),
    ],
)
def test_refuses_what_is_no_number_as_the_file_writes_them(cell: str, mark: str) -> None:
    if mark == "x":
        assert meant(cell, ValueKind.NUMBER) is None
        return
    fault = made(cell, ValueKind.NUMBER, decimal_mark=DecimalMark(mark)).unreadable
    assert fault is not None
    assert (fault.rule, fault.path) == ("row", ("data", "payload", "x", "y"))
    assert fault.message.startswith("X ")


@pytest.mark.parametrize(
    ("cell", "zone", "instant"),
    [
        ("2026-03-01T12:00:00+01:00", None, "2026-03-01T12:00:00+01:00"),
        ("2026-03-01 12:00", "Europe/Prague", "2026-03-01T11:00:00+00:00"),
        ("2026-07-01 12:00:00.5", "Europe/Prague", "2026-07-01T10:00:00.500000+00:00"),
        ("2026-07-01", "Asia/Kolkata", "2026-06-30T18:30:00+00:00"),
        ("2026-03-01T12:00:00Z", "Europe/Prague", "2026-03-01T12:00:00Z"),
    ],
)
def test_reads_times(cell: str, zone: str | None, instant: str) -> None:
    assert meant(cell, ValueKind.INSTANT, zone=zone) == instant


@pytest.mark.parametrize(
    ("cell", "order", "instant"),
    [
        ("29.11.2026 08:00:00", DateOrder.DAY_MONTH_YEAR, "2026-11-29T08:00:00+00:00"),
        ("9/3/2026", DateOrder.DAY_MONTH_YEAR, "2026-03-09T00:00:00+00:00"),
        ("3/9/2026, 1:05 PM", DateOrder.MONTH_DAY_YEAR, "2026-03-09T13:05:00+00:00"),
        ("3-9-2026 12:05 a.m.", DateOrder.MONTH_DAY_YEAR, "2026-03-09T00:05:00+00:00"),
        ("29.11.2026T08:00:00.5+01:00", DateOrder.DAY_MONTH_YEAR, "2026-11-29T08:00:00.5+01:00"),
    ],
)
def test_reads_dates_in_the_order_of_a_country(cell: str, order: DateOrder, instant: str) -> None:
    assert meant(cell, ValueKind.INSTANT, zone="UTC", date_order=order) == instant


@pytest.mark.parametrize("zone", ["UTC", None])
@pytest.mark.parametrize(
    "cell",
    [
        *("2026-11-29", "29.11-2026", "13/13/2026", "11/29/2026", "31.02.2026", "1/2/2026 13:00 PM", "soon"),
        *("29.11.2026 99:99", "29.11.2026 8 Uhr", "29.11.2026 08:00 +01:00"),
    ],
)
def test_refuses_dates_in_another_order(cell: str, zone: str | None) -> None:
    event = made(cell, ValueKind.INSTANT, zone=zone, date_order=DateOrder.DAY_MONTH_YEAR)
    assert event.unreadable is not None


@pytest.mark.parametrize("cell", ["2026-03-29 02:30", "2026-10-25 02:30", "2026-02-30 10:00"])
def test_refuses_times_that_there_were_not_or_twice(cell: str) -> None:
    assert made(cell, ValueKind.INSTANT, zone="Europe/Prague").unreadable is not None


@pytest.mark.parametrize(
    ("cell", "zone"), [("0001-01-01", "Asia/Tokyo"), ("9999-12-31 23:59", "America/New_York")]
)
def test_a_time_beyond_all_calendars_is_a_fault_of_its_row(cell: str, zone: str) -> None:
    fault = made(cell, ValueKind.INSTANT, zone=zone).unreadable
    assert fault is not None
    assert fault.message == "X is a time that is too early or too late."


def test_json_that_is_nested_too_deeply_is_a_fault_of_its_row() -> None:
    for depth in range(900, 1100):
        assert made("[" * depth + "]" * depth, ValueKind.JSON).unreadable is not None


@pytest.mark.parametrize(("cell", "value"), [("yes", True), ("FALSE", False), ("0", False)])
def test_reads_truth(cell: str, value: bool) -> None:
    assert meant(cell, ValueKind.BOOLEAN) is value


def test_reads_json_and_keeps_texts_as_they_are() -> None:
    assert meant('{"a": [1]}', ValueKind.JSON) == {"a": [1]}
    assert meant(" 007 ", ValueKind.TEXT) == " 007 "
    assert meant(7, ValueKind.TEXT) == "7"
    assert made("{", ValueKind.JSON).unreadable is not None
    assert made("maybe", ValueKind.BOOLEAN).unreadable is not None


def test_bytes_that_are_no_characters_are_a_fault_of_their_row() -> None:
    event = made("a\udcff", ValueKind.TEXT)
    assert event.unreadable is not None
    assert "encoding" in event.unreadable.message
    assert event.text is not None
    event.text.encode()


def test_an_event_without_an_id_has_that_of_its_row_and_file() -> None:
    first, again = made("1", ValueKind.TEXT), made("2", ValueKind.TEXT)
    assert first.value["eventId"] == again.value["eventId"]
    assert UUID(first.value["eventId"]).version == 5


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ('{"X": "a", "Y": 1, "X": "b"}', "X"),
        ('{"X": {"a": 1, "a": 2}}', "a"),
        ('{"X": [{"a": [{"b": 1, "b": 1}]}]}', "b"),
    ],
)
@pytest.mark.parametrize("format", [FileFormat.JSON, FileFormat.NDJSON])
def test_a_row_that_says_a_member_twice_is_rejected(row: str, name: str, format: FileFormat) -> None:
    text = f"[{row}]" if format is FileFormat.JSON else row
    [read] = rows(io.BytesIO(text.encode()), FileForm(format=format), FilePlace())
    event = mapping(ValueKind.JSON, format=format).event(read)
    assert event.unreadable is not None
    assert event.unreadable.message == f"{name} is said more than once."


def test_a_cell_of_json_that_says_a_member_twice_is_a_fault_of_its_column() -> None:
    fault = made('{"a": [{"b": 1, "b": 2}]}', ValueKind.JSON).unreadable
    assert fault is not None
    assert fault.message == "X says b more than once."
