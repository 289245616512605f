"""The Postgres store: what it writes, what it refuses, and who may see it."""

import asyncio
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import replace
from projections.kit.declare.view import RowChanges
from projections.kit.store.generations import enroll
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.postgres_tables import ShapeChanged
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, RowsRefused
from tests.views.place import TENANT, Place
from tests.views.toys import Colour, JarRow, Jars, ShelfRow, Shelves

HONEY = JarRow(
    id=UUID(int=1),
    name='h"o\\ney, {ü}',
    colour=Colour.BLUE,
    shelf="top",
    amount=2**40,
    tags=("a,b", 'c"d', ""),
    facts={"list": [1, None, {"deep": "é"}]},
    filled_on=date(2030, 1, 2),
)


def changes(*rows: JarRow, position: int = 1) -> RowChanges[JarRow]:
    changes: RowChanges[JarRow] = RowChanges()
    for row in rows:
        changes[TENANT, (row.id,)] = row
        changes.positions[TENANT, (row.id,)] = position
    return changes


async def test_loads_what_it_saved(place: Place) -> None:
    store = await place.store(Jars)
    await store.save(changes(HONEY), Checkpoint(1, 1, 1))
    assert await store.load([(TENANT, (HONEY.id,)), (TENANT, (uuid4(),))]) == {(TENANT, (HONEY.id,)): HONEY}


async def test_saves_rows_deletes_and_checkpoint_together(place: Place) -> None:
    store = await place.store(Shelves)
    first: RowChanges[ShelfRow] = RowChanges()
    first[TENANT, ("a", "red")] = ShelfRow(shelf="a", colour="red", amount=1)
    first[TENANT, ("b", "red")] = ShelfRow(shelf="b", colour="red", amount=2)
    first.positions = dict.fromkeys(first, 1)
    await store.save(first, Checkpoint(1, 1, 1))
    second: RowChanges[ShelfRow] = RowChanges()
    second[TENANT, ("a", "red")] = None
    second[TENANT, ("b", "red")] = ShelfRow(shelf="b", colour="red", amount=3)
    second.positions = dict.fromkeys(second, 2)
    await store.save(second, Checkpoint(2, 2, 1))
    assert [tuple(row) for row in await place.rows(Shelves)] == [(TENANT, "b", "red", 3, 2)]
    assert await store.checkpoint() == Checkpoint(2, 2, 1)


async def test_a_row_that_breaks_a_check_saves_nothing(place: Place) -> None:
    store = await place.store(Jars)
    too_long = replace(HONEY, id=UUID(int=2), name="x" * 41)
    with pytest.raises(RowsRefused) as refused:
        await store.save(changes(HONEY, too_long), Checkpoint(1, 1, 1))
    assert isinstance(refused.value.__cause__, asyncpg.StringDataRightTruncationError)
    assert await store.count() == 0
    assert (await store.checkpoint()).position == 0


async def test_an_older_token_writes_nothing(place: Place) -> None:
    store = await place.store(Jars)
    await store.save(RowChanges(), Checkpoint(1, 1, 5))
    with pytest.raises(LeaseLost):
        await store.save(changes(HONEY), Checkpoint(2, 2, 4))
    assert await store.count() == 0
    assert await store.checkpoint() == Checkpoint(1, 1, 5)


async def test_events_that_a_late_write_holds_are_not_folded_again(place: Place) -> None:
    """No answer came to it, so its holder began again before it was carried out, or tries it again after it."""
    store = await place.store(Jars)
    await store.save(changes(HONEY), Checkpoint(2, 2, 1), after=1)
    twice = replace(HONEY, amount=HONEY.amount + 1)
    for position in (2, 3):
        with pytest.raises(LeaseLost):
            await store.save(changes(twice, position=position), Checkpoint(position, position, 1), after=1)
    assert await store.load([(TENANT, (HONEY.id,))]) == {(TENANT, (HONEY.id,)): HONEY}
    await store.save(changes(twice, position=3), Checkpoint(3, 3, 1), after=2)
    assert await store.load([(TENANT, (HONEY.id,))]) == {(TENANT, (HONEY.id,)): twice}


async def test_a_dropped_table_is_lost_and_made_anew_from_nothing(place: Place) -> None:
    store = await place.store(Jars)
    await store.save(changes(HONEY), Checkpoint(1, 1, 1))
    await store.drop()
    for attempt in (store.checkpoint(), store.load([(TENANT, (HONEY.id,))]), store.count()):
        with pytest.raises(Lost):
            await attempt
    with pytest.raises(Lost):
        await store.save(changes(HONEY), Checkpoint(2, 2, 1))
    await store.prepare()
    made_anew = await store.checkpoint()
    assert (made_anew.position, made_anew.folded) == (0, 0)
    assert made_anew.token > 1


async def test_prepares_from_many_processes_at_once(place: Place) -> None:
    generation = await enroll(place.database.writer, Jars)
    stores = [PostgresStore(Jars, place.database.writer, place.database.owner, generation) for _ in range(5)]
    await asyncio.gather(*(store.prepare() for store in stores))
    await stores[0].save(changes(HONEY), Checkpoint(1, 1, 9))
    await asyncio.gather(*(store.prepare() for store in stores))
    assert await stores[1].count() == 1


async def test_a_changed_row_needs_a_new_version(place: Place) -> None:
    await place.store(Shelves)

    class Wider(ShelfRow):
        width: int = 0

    class Changed(PostgresView[Wider], name="toys.shelves", key=("shelf", "colour")):
        """The same version with another row."""

    with pytest.raises(ShapeChanged):
        await place.store(Changed)


async def test_names_columns_indexes_and_checks_as_declared(place: Place) -> None:
    await place.store(Jars)
    owner = await place.database.owner()
    try:
        columns = await owner.fetch(
            "select column_name, data_type, character_maximum_length, is_nullable, column_default "
            "from information_schema.columns where table_schema = 'toys_g1' and table_name = 'jars'"
        )
        indexes = await owner.fetch("select indexname from pg_indexes where schemaname = 'toys_g1'")
        checks = await owner.fetch(
            "select conname from pg_constraint where contype = 'c' and conname like 'valid%'"
        )
    finally:
        await owner.close()
    assert {row["column_name"]: tuple(row)[1:] for row in columns} == {
        "tenant_id": ("uuid", None, "NO", None),
        "id": ("uuid", None, "NO", None),
        "name": ("character varying", 40, "NO", None),
        "colour": ("character varying", 50, "NO", None),
        "shelf": ("text", None, "NO", None),
        "amount": ("bigint", None, "NO", None),
        "tags": ("ARRAY", None, "NO", "'{}'::text[]"),
        "facts": ("jsonb", None, "NO", None),
        "filled_on": ("date", None, "NO", None),
        "moved_from": ("text", None, "YES", None),
        "position": ("bigint", None, "NO", None),
    }
    assert {row["indexname"] for row in indexes} == {"idx_jars_shelf", "jars_pkey"}
    assert [row["conname"] for row in checks] == ["valid_colour"]


async def test_a_reader_sees_the_tenant_in_scope_and_no_other(place: Place) -> None:
    store = await place.store(Jars)
    await store.save(changes(HONEY), Checkpoint(1, 1, 1))
    assert [row["id"] for row in await place.rows(Jars)] == [HONEY.id]
    assert await place.rows(Jars, tenant=uuid4()) == []


@pytest.mark.parametrize("table", ["toys.jars", "toys_g1.jars"])
async def test_a_reader_without_a_tenant_sees_nothing(place: Place, table: str) -> None:
    store = await place.store(Jars)
    await store.save(changes(HONEY), Checkpoint(1, 1, 1))
    async with place.database.reading(TENANT) as connection:
        async with connection.transaction():
            await connection.execute("select set_config('headwater.tenant', '', true)")
            assert await connection.fetch(f"select * from {table}") == []


async def test_a_reader_cannot_write(place: Place) -> None:
    await place.store(Jars)
    async with place.database.reading(TENANT) as connection:
        for attempt in ("delete from toys_g1.jars", "update toys.jars set amount = 0"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(attempt)
