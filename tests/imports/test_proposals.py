"""What the columns of a file seem to mean, by their headings and what they hold."""

from io import BytesIO

import pytest

from app.gateway.imports.proposals import proposed_fields, proposed_form

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
            "payload.id NUMBER, timestamp INSTANT, userId TEXT",
        ),
        (
            f"id,eventId,customer,Date\n{ID},{ID},Zoe Novak,2026-03-01",
            "payload.id TEXT, eventId TEXT, payload.customer TEXT, timestamp INSTANT",
        ),
        (
            f"uuid,type,at\n{ID},order.created,2026-03-01\n{ID.upper()},order.paid,2026-03-02",
            "payload.uuid TEXT, eventType TEXT, timestamp INSTANT",
        ),
    ],
    ids=["named", "looks", "both", "repeated"],
)
def test_columns_are_known_by_their_headings_and_what_they_hold(table: str, meant: str) -> None:
    file = BytesIO(table.encode())
    found = proposed_fields(file, proposed_form(file))
    assert ", ".join(f"{each.member} {each.kind.name}" for each in found) == meant
