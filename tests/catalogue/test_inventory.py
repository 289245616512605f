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

from app.catalogue.durable_tables import TABLES, durable_tables
from app.catalogue.inventory import inventory, product_events
from app.composition.write_side import prepared
from app.contexts import VIEWS
from app.settings import Settings
from app.storage.database import Database
from domain.kit.codec import PlainCodec
from domain.operations.rollbacks import Rollback
from tests.docs.data import PAGE, page
from tests.domain.envelopes import envelope
from tests.kit.servers import SECRET
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

_SILENT = """
select c.oid::regclass::text as name, a.attname as column
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema')
   and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null)
"""


def test_the_page_of_data_is_current() -> None:
    assert PAGE.read_text() == page(), "Run `make generate`."


_NAMED = {
    "int": "integer",
    "float8": "double precision",
    "timestamptz": "timestamp with time zone",
    "timestamptz[]": "timestamp with time zone[]",
    "varchar(32)": "character varying(32)",
}
"""How the database calls what migrations call in short."""


async def test_every_durable_table_and_column_is_in_the_inventory(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        there = {row["name"]: row["columns"] for row in await connection.fetch(_DURABLE)}
    finally:
        await connection.close()
    columns = {
        name: ", ".join(f"{column.name} {_NAMED.get(column.type, column.type)}" for column in table.columns)
        for name, table in TABLES.items()
    }
    assert columns == there


async def test_every_table_and_column_says_in_the_database_what_it_holds(database_url: str) -> None:
    database = await Database.open(database_url, secret=SECRET, writers=2, readers=1)
    try:
        await prepared(database)
        owner = await database.owner()
        try:
            silent = [tuple(row) for row in await owner.fetch(_SILENT)]
            said = await owner.fetchval("select obj_description('tasks_g1.tasks'::regclass, 'pg_class')")
        finally:
            await owner.close()
    finally:
        await database.close()
    assert silent == []
    assert said == "Every task as it stands."


_TOYS = """
create table es.toys (
    id uuid primary key, -- Its id; a comment in between.
    called text not null
);
comment on table es.toys is 'Toys. Kept a day.';
comment on column es.toys.id is 'The toy''s id. Public.';
"""


def test_a_durable_table_is_what_the_migrations_make_and_say() -> None:
    added = "alter table es.toys\n    add column size int[]; comment on column es.toys.size is 'Old.';"
    (toys,) = durable_tables(_TOYS + added + "comment on column es.toys.size is 'How large.';").values()
    assert (toys.context, toys.purpose, toys.retention) == ("log", "Toys.", "a day")
    assert [(column.name, column.type, column.classification, column.purpose) for column in toys.columns] == [
        ("id", "uuid", "public", "The toy's id."),
        ("size", "int[]", "internal", "How large."),
    ]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (
            "comment on column es.toys.mistyped is 'Nothing.';",
            r"es\.toys\.mistyped, which no migration makes",
        ),
        ("comment on column es.gone.id is 'Its id.';", r"es\.gone\.id, which no migration makes"),
        ("comment on table es.toys is 'Toys.';", r"es\.toys does not end with how long"),
    ],
)
def test_a_comment_that_fits_no_table_is_refused(said: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        durable_tables(_TOYS + said)


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
