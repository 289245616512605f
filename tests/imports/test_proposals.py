"""What the columns of a file seem to mean, by their headings and what they hold."""

import json
from io import BytesIO

import pytest

from app.gateway.imports.fields import completed, proposed_fields
from app.imports.cell_texts import shielded, unshielded
from app.imports.file_rows import FileUnreadable
from app.imports.proposals import proposed_form
from app.imports.rows import columns
from domain.gateway.import_terms import ImportField
from domain.kit.imports.file_forms import DateOrder, FileForm, FileFormat
from tests.imports.importing import FIELDS, Importer

ID = "7d444840-9dc0-11d1-b245-5ffdce74fad2"


@pytest.mark.parametrize(
    ("table", "meant"),
    [
        (
            f"id,type,occurred_at,email,amount\n{ID},order.created,2026-03-01T12:00:00Z,zoe@example.com,25.50",
            "eventId TEXT, eventType TEXT, timestamp INSTANT, payload.email TEXT, payload.amount NUMBER",
        ),
        (
            "id,ordered,customer\n17,2026-03-01 12:00,c-7",
            "payload.id TEXT, timestamp INSTANT, userId TEXT",
        ),
        (
            f"id,eventId,customer,Date\n{ID},{ID},Zoe Novak,2026-03-01",
            "payload.id TEXT, eventId TEXT, payload.customer TEXT, timestamp INSTANT",
        ),
        (
            f"uuid,type,at\n{ID},order.created,2026-03-01\n{ID.upper()},order.paid,2026-03-02",
            "payload.uuid TEXT, eventType TEXT, timestamp INSTANT",
        ),
        (
            "Event Type,Occurred at,Order ID,SKU,HTTPStatus,Total\n"
            'order.created,29.11.2026 08:00,B-1,X,200,"1,204.33"',
            "eventType TEXT, timestamp INSTANT, payload.orderId TEXT, payload.sku TEXT, "
            "payload.httpStatus NUMBER, payload.total NUMBER",
        ),
        (
            'eventId,version,timestamp,payload,metadata\n7,1.0,2026-03-01T12:00:00Z,"{""a"": {""b"": 1}}",',
            "eventId TEXT, version TEXT, timestamp INSTANT, payload JSON, payload.metadata TEXT",
        ),
        (
            "Order No,invoiceId,paid,at\n7,8,9,2026-03-01",
            "payload.orderNo TEXT, payload.invoiceId TEXT, payload.paid NUMBER, timestamp INSTANT",
        ),
        ("phone,at\n+420 604 123 456,2026-03-01", "payload.phone TEXT, timestamp INSTANT"),
        ("payload,at\nbricks,2026-03-01", "payload.payload TEXT, timestamp INSTANT"),
    ],
    ids=[
        "named",
        "looks",
        "both",
        "repeated",
        "of a spreadsheet",
        "exported",
        "numbers",
        "of people",
        "of a truck",
    ],
)
def test_columns_are_known_by_their_headings_and_what_they_hold(table: str, meant: str) -> None:
    file = BytesIO(table.encode())
    found = proposed_fields(file, proposed_form(file))
    assert ", ".join(f"{each.member} {each.kind.name}" for each in found) == meant


@pytest.mark.parametrize(
    ("cells", "order", "zone"),
    [
        (["29.11.2026 08:00"], DateOrder.DAY_MONTH_YEAR, "UTC"),
        (["3/29/2026", "3/4/2026"], DateOrder.MONTH_DAY_YEAR, "UTC"),
        (["3/29/2026 1:00 PM"], DateOrder.MONTH_DAY_YEAR, "UTC"),
        (["2026-11-29T08:00:00Z"], DateOrder.YEAR_MONTH_DAY, None),
    ],
)
def test_dates_are_known_by_their_numbers(cells: list[str], order: DateOrder, zone: str | None) -> None:
    form = proposed_form(BytesIO("\n".join(["at", *(f'"{cell}"' for cell in cells)]).encode()))
    assert (form.date_order, form.zone) == (order, zone)


@pytest.mark.parametrize("cell", ["=1+1", "'=1+1", "''-2", "+49 1", "@x", "-5", "'x", "x=1", ""])
def test_no_cell_is_a_formula_and_each_is_read_again(cell: str) -> None:
    assert not shielded(cell).startswith(("=", "+", "-", "@"))
    assert unshielded(shielded(cell)) == cell


@pytest.mark.parametrize(
    ("said", "others"),
    [
        ("payload", ["timestamp"]),
        ("payload.email", ["payload.emails", "timestamp"]),
        ("payload.email.work", ["payload.emails", "timestamp"]),
        ("timestamp", ["payload.email", "payload.emails"]),
    ],
)
def test_nothing_is_proposed_that_would_stand_in_what_is_said_or_around_it(
    said: str, others: list[str]
) -> None:
    members = ("payload.email", "payload.emails", "timestamp")
    proposed = [ImportField(member=member, column=member) for member in members]
    (first, *rest) = completed([ImportField(member=said, column="x")], proposed)
    assert (first.member, [each.member for each in rest]) == (said, others)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("id,at\n1,2026-03-01\n".encode("utf-32"), "UTF-32"),
        (b"PK\x03\x04\x14\x00\x06\x00", "archive"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "table program"),
    ],
)
def test_what_holds_no_lines_of_text_is_refused_as_what_it_is(content: bytes, what: str) -> None:
    file = BytesIO(content)
    for form in (proposed_form(file), FileForm(format=FileFormat.NDJSON)):
        with pytest.raises(FileUnreadable, match=what):
            columns(file, form)


async def test_an_event_with_a_number_that_json_has_not_is_shown_as_none(importer: Importer) -> None:
    event = (
        '{"eventType": "order.created", "timestamp": "2026-03-01T12:00:00Z", "data": {"payload": {"n": NaN}}}'
    )
    made = [*FIELDS[:2], {"member": "payload.n", "column": "n"}]
    asked = {"sourceId": str(importer.source), "format": "NDJSON"}
    for text, fields in ((event, []), ('{"at": "2026-03-01T12:00:00Z", "n": NaN}', made)):
        file = await importer.file(text.encode())
        found = await importer.client.send("ProposeImport", input={**asked, "fileId": file, "fields": fields})
        (row,) = found["rows"]
        assert row["event"] is None or "NaN" in json.loads(row["event"])["data"]["payload"]["n"]
