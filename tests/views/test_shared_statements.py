"""Postgres views that load and save at the same time share a statement, and none meets another's failure."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from projections.kit.declare.row import replace
from projections.kit.declare.view import RowChanges
from projections.kit.follow.lane import Failure, Lane
from projections.kit.store.generations import enroll
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.shared_statements import SharedStatements
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, RowsRefused
from tests.views.place import TENANT, Place, until
from tests.views.test_postgres_store import HONEY, changes
from tests.views.toys import JarRow, Jars, ShelfRow, Shelves

SHELF = ShelfRow(shelf="top", colour="red", amount=3)
JAR_KEY, SHELF_KEY = (TENANT, (HONEY.id,)), (TENANT, ("top", "red"))


class MoreJars(Jars, name="toys.more_jars"):
    """The same jars in a table of their own."""

    indexes = ()


class Pots(Jars, name="toys.pots"):
    """The same again."""

    indexes = ()


def shelf(row: ShelfRow | None = SHELF) -> RowChanges[ShelfRow]:
    changes: RowChanges[ShelfRow] = RowChanges()
    changes[SHELF_KEY] = row
    changes.positions[SHELF_KEY] = 1
    return changes


async def shared_stores(
    place: Place,
) -> tuple[PostgresStore[JarRow], PostgresStore[ShelfRow], PostgresStore[JarRow]]:
    """Three stores that share their statements."""
    pool, owner = place.database.writer, place.database.owner
    shared = SharedStatements(pool)
    stores: list[PostgresStore[Any]] = []
    for view in (Jars, Shelves, MoreJars):
        store: PostgresStore[Any] = PostgresStore(view, pool, owner, await enroll(pool, view), shared=shared)
        await store.prepare()
        stores.append(store)
    jars, shelves, more = stores
    return jars, shelves, more


async def outcomes(*saves: Any) -> Sequence[Any]:
    """What each of these answers or raises, begun at the same time."""
    return await asyncio.gather(*saves, return_exceptions=True)


# A pool's proxy for a connection has no type of its own, hence Any.
async def transactions(connection: Any) -> int:
    """How many transactions have written so far."""
    return int(await connection.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))


async def test_saves_of_one_turn_are_one_commit(place: Place) -> None:
    jars, shelves, more = await shared_stores(place)
    at = Checkpoint(1, 1, 1)
    async with place.database.writer.acquire() as connection:
        before = await transactions(connection)
        await asyncio.gather(
            jars.save(changes(HONEY), at), shelves.save(shelf(), at), more.save(changes(HONEY), at)
        )
        assert await transactions(connection) - before == 1
    jar, top, other = await asyncio.gather(
        jars.load([JAR_KEY]), shelves.load([SHELF_KEY]), more.load([JAR_KEY])
    )
    assert (jar, top, other) == ({JAR_KEY: HONEY}, {SHELF_KEY: SHELF}, {JAR_KEY: HONEY})
    assert [await store.checkpoint() for store in (jars, shelves, more)] == [at] * 3
    # Rows, deletes and neither, in any order.
    then = Checkpoint(2, 2, 1)
    await asyncio.gather(
        more.save(RowChanges(), then), shelves.save(shelf(None), then), jars.save(changes(), then)
    )
    top, other, jar = await asyncio.gather(
        shelves.load([SHELF_KEY]), more.load([JAR_KEY]), jars.load([JAR_KEY])
    )
    assert (top, other, jar) == ({}, {JAR_KEY: HONEY}, {JAR_KEY: HONEY})
    assert [await store.checkpoint() for store in (jars, shelves, more)] == [then] * 3


async def test_whose_rows_are_refused_is_alone_in_that(place: Place) -> None:
    jars, shelves, more = await shared_stores(place)
    at, too_long = Checkpoint(1, 1, 1), changes(replace(HONEY, name="x" * 41))
    said = await outcomes(jars.save(too_long, at), shelves.save(shelf(), at), more.save(changes(HONEY), at))
    assert isinstance(said[0], RowsRefused)
    assert said[1:] == [None, None]
    assert (await jars.checkpoint()).position == 0
    assert (await shelves.checkpoint(), await more.checkpoint()) == (at, at)
    assert await more.load([JAR_KEY]) == {JAR_KEY: HONEY}


async def test_who_lost_the_lease_writes_nothing_and_the_others_do(place: Place) -> None:
    jars, shelves, more = await shared_stores(place)
    await jars.save(RowChanges(), Checkpoint(1, 1, 5))
    at = Checkpoint(2, 2, 4)
    said = await outcomes(
        jars.save(changes(HONEY), at), shelves.save(shelf(), at), more.save(changes(HONEY), at)
    )
    assert isinstance(said[0], LeaseLost)
    assert said[1:] == [None, None]
    assert await jars.count() == 0
    assert (await shelves.checkpoint(), await more.checkpoint()) == (at, at)


async def test_whose_table_is_gone_is_alone_in_that(place: Place) -> None:
    jars, shelves, more = await shared_stores(place)
    at = Checkpoint(1, 1, 1)
    await more.save(changes(HONEY), at)
    await jars.drop()
    loaded = await outcomes(jars.load([JAR_KEY]), more.load([JAR_KEY]))
    assert isinstance(loaded[0], Lost)
    assert loaded[1] == {JAR_KEY: HONEY}
    said = await outcomes(jars.save(changes(HONEY), at), shelves.save(shelf(), at))
    assert isinstance(said[0], Lost)
    assert said[1] is None
    assert await shelves.checkpoint() == at


async def test_a_locked_table_holds_up_its_own_view_alone(place: Place) -> None:
    jars, shelves, more = await shared_stores(place)
    at = Checkpoint(1, 1, 1)
    owner = await place.database.owner()
    try:
        locked = owner.transaction()
        await locked.start()
        await owner.execute(f"lock table {jars.table}")
        saving = asyncio.create_task(jars.save(changes(HONEY), at))
        await asyncio.wait_for(asyncio.gather(shelves.save(shelf(), at), more.save(changes(HONEY), at)), 120)
        assert not saving.done()
        await locked.rollback()
        await asyncio.wait_for(saving, 120)
    finally:
        await owner.close()
    assert await jars.load([JAR_KEY]) == {JAR_KEY: HONEY}


@pytest.mark.parametrize("together", [True, False])
async def test_what_nobody_waits_for_any_more_ends(place: Place, together: bool) -> None:
    jars, shelves, more = await shared_stores(place)
    at = Checkpoint(1, 1, 1)
    owner = await place.database.owner()
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"

    async def waits() -> bool:
        return bool(await owner.fetchval(waiting))

    async def ended() -> bool:
        return not await waits()

    try:
        async with owner.transaction():
            await owner.execute(f"lock table {jars.table}")
            tasks = [asyncio.create_task(store.save(changes(HONEY), at)) for store in (jars, more)]
            top = asyncio.create_task(shelves.save(shelf(), at))
            await until(waits)
            if not together:
                # The others are done alone by then, and the one that is left waits for itself.
                await asyncio.wait_for(asyncio.gather(top, tasks[1]), 120)
                await until(waits)
            for task in (*tasks, top):
                task.cancel()
            await asyncio.wait([*tasks, top])
            await until(ended)
    finally:
        await owner.close()
    assert await jars.count() == 0
    assert [await store.count() for store in (shelves, more)] == [0, 0] if together else [1, 1]


async def test_a_view_with_nothing_to_load_is_saved_with_those_that_load(place: Place) -> None:
    jars, shelves, more = await shared_stores(place)
    at = Checkpoint(1, 1, 1)

    async def fold(store: PostgresStore[Any], keys: Sequence[Any], changed: RowChanges[Any]) -> None:
        await store.load(keys)
        await store.save(changed, at)

    pages = (
        fold(jars, [], changes(HONEY)),
        fold(shelves, [SHELF_KEY], shelf()),
        fold(more, [JAR_KEY], changes(HONEY)),
    )
    async with place.database.writer.acquire() as connection:
        before = await transactions(connection)
        await asyncio.gather(*pages)
        assert await transactions(connection) - before == 1
    # Alone it waits for nobody, nor for those whose load fails.
    await shelves.drop()
    said = await outcomes(jars.load([]), shelves.load([SHELF_KEY]), more.load([]))
    assert said[0] == said[2] == {}
    assert isinstance(said[1], Lost)
    assert await jars.load([]) == {}


async def test_a_save_takes_along_the_lanes_that_have_nothing_to_save(place: Place) -> None:
    jars, shelves, more = await shared_stores(place)
    pool = place.database.writer
    rows = await pool.fetch("select id, view, generation, token from ops.lanes")
    free, others, locked = [
        Lane(
            id=row["id"],
            view=row["view"],
            generation=row["generation"],
            token=row["token"],
            position=7,
            folded=7,
            recorded=0,
        )
        for view in (Jars, Shelves, MoreJars)
        for row in rows
        if row["view"] == view.name
    ]
    others.token += 1
    # None of them is what is saved.
    saving = PostgresStore(
        Pots, pool, place.database.owner, await enroll(pool, Pots), shared=(shared := SharedStatements(pool))
    )
    await saving.prepare()
    shared.passing = lambda: [free, others, locked]
    async with pool.acquire() as holder, holder.transaction():
        await holder.execute("select from ops.lanes where id = $1 for update", locked.id)
        # Counted is up to the last that has ended, and that of the holder has not.
        await pool.execute("select pg_current_xact_id()")
        before = await transactions(pool)
        await saving.save(changes(HONEY), Checkpoint(7, 7, 1))
        assert await transactions(pool) - before == 1
    assert [(await store.checkpoint()).position for store in (jars, shelves, more)] == [7, 0, 0]
    assert [lane.recorded for lane in (free, others, locked)] == [7, 0, 0]
    # A lane never goes back, and what saves itself is not taken along.
    free.position, free.recorded = 6, 0
    await saving.save(changes(), Checkpoint(8, 8, 1))
    assert ((await jars.checkpoint()).position, free.recorded) == (7, 0)
    # Whose position is on record has still to report that it failed.
    free.position = 9
    free.failed(Failure("KeyError while folding jar.filled", 1, 10))
    await saving.save(changes(), Checkpoint(9, 9, 1))
    assert ((await jars.checkpoint()).position, free.recorded) == (9, -1)


async def test_checkpoints_of_several_are_looked_at_together_and_one_that_is_gone_is_alone(
    place: Place,
) -> None:
    jars, shelves, more = await shared_stores(place)
    await shelves.save(shelf(), at := Checkpoint(3, 2, 1))
    await jars.drop()
    found = await outcomes(jars.checkpoint(), shelves.checkpoint(), more.checkpoint())
    assert isinstance(found[0], Lost)
    assert found[1:] == [at, Checkpoint(0, 0, 1)]
