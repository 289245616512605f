"""The inventory holds everything that is kept, and the page in the documentation says the same."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from uuid import UUID

import asyncpg
import msgspec
import pytest

from app.catalogue.durable import TABLES
from app.catalogue.inventory import inventory, product_events
from app.catalogue.table import table
from app.contexts import VIEWS
from app.settings import Settings
from domain.kit.codec import PlainCodec
from domain.operations.rollbacks import Rollback
from tests.docs.data import PAGE, page
from tests.domain.envelopes import envelope
from tests.operations.command_line import CommandLine

_DURABLE = """
select n.nspname || '.' || c.relname as name,
       string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relkind in ('r', 'p') and not c.relispartition
   and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '_g[0-9]+$'
 group by 1 order by 1
"""
"""The tables of views are made beside, in schemas of their generations."""


def test_the_page_of_data_is_current() -> None:
    assert PAGE.read_text() == page(), "Run `make generate`."


async def test_every_durable_table_and_column_is_in_the_inventory(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        there = {row["name"]: row["columns"] for row in await connection.fetch(_DURABLE)}
    finally:
        await connection.close()
    columns = {
        table.name: ", ".join(f"{column.name} {column.type}" for column in table.columns) for table in TABLES
    }
    assert columns == there
    assert all(table.purpose.endswith(".") for table in TABLES)


def test_a_level_for_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no column mistyped"):
        table("es.toys", "log", "Toys.", "a day", "id uuid", {"mistyped": "public"})


def test_every_event_and_every_view_has_an_entry_for_each_field() -> None:
    found = {(entry.kind, entry.name) for entry in inventory()}
    fieldless = {name for name, event in product_events().items() if not fields(event)}
    assert {name for kind, name in found if kind == "event"} == product_events().keys() - fieldless
    assert {name for kind, name in found if kind == "view"} == {view.name for view in VIEWS}


def test_everything_has_a_purpose_a_place_and_a_time() -> None:
    vague = [
        entry
        for entry in inventory()
        if not (entry.purpose and entry.place and entry.retention and entry.type)
    ]
    assert vague == []


def test_whatever_is_personal_says_whose_it_is() -> None:
    lost = [f"{entry.name}.{entry.field}" for entry in inventory() if entry.personal and not entry.subject]
    assert lost == []


class TestCommand:
    """``headwater catalogue``."""

    @pytest.fixture
    def run(self) -> CommandLine:
        """The command line; it needs no server."""
        return CommandLine(Settings())

    def test_json_is_an_entry_each(self, run: CommandLine) -> None:
        entries = json.loads(run("catalogue", "--json").out)
        assert len(entries) == len(inventory())
        assert _one(entries, "work.task.described", "description") == {
            "context": "work",
            "kind": "event",
            "name": "work.task.described",
            "field": "description",
            "type": "str",
            "classification": "confidential",
            "personal": False,
            "subject": "",
            "searchable": False,
            "purpose": "The task's description, as plain text.",
            "store": "postgres",
            "place": "es.events.payload ->> 'description'",
            "retention": "as long as the log",
        }

    def test_csv_holds_the_same(self, run: CommandLine) -> None:
        rows = list(csv.DictReader(io.StringIO(run("catalogue", "--csv").out)))
        assert len(rows) == len(inventory())
        assert _one(rows, "work.project_cards", "name")["place"] == "project:{id} . name"
        assert _one(rows, "work.task_search", "due_date")["place"] == "work-task_search . dueDate"
        assert _one(rows, "audit.activity_log", "action")["retention"] == "2 years, by whole months"

    def test_markdown_is_the_page(self, run: CommandLine) -> None:
        assert run("catalogue", "--markdown").out == page()


def _one(entries: Iterable[Mapping[str, object]], name: str, field: str) -> Mapping[str, object]:
    (found,) = (entry for entry in entries if (entry["name"], entry["field"]) == (name, field))
    return found


def test_gov_13_an_event_takes_and_stores_no_field_that_it_does_not_declare() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        Rollback.Declined(reason="No.", note="extra")  # type: ignore[call-arg]
    smuggled = Rollback.Declined(reason="No.")
    vars(smuggled)["note"] = "extra"
    assert msgspec.json.decode(PlainCodec().encode(smuggled, tenant_id=UUID(int=7))) == {"reason": "No."}


def test_gov_13_a_member_that_newer_code_wrote_is_left_aside_when_it_is_read() -> None:
    stored = envelope(Rollback.Declined.stored_as, b'{"reason": "No.", "note": "extra"}')
    event = PlainCodec().decode(stored)
    assert not hasattr(event, "note")
    assert isinstance(event, Rollback.Declined)
    assert event.reason == "No."
