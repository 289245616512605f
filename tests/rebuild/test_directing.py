"""Rebuilds that are paused, cancelled, asked for twice or for nothing, and what they leave behind."""

from datetime import timedelta
from uuid import uuid4

import pytest

from projections.kit.rebuild.model import RebuildState
from projections.kit.store.rebuild_queue import RebuildRefused
from tests.rebuild.rebuilding import House, some_events
from tests.views.place import Place, until
from tests.views.toys import Jars


async def test_a_paused_build_holds_nothing_open_and_goes_on(place: Place) -> None:
    house = House(place, (Jars(),))
    await house.enroll()
    await some_events(place, 1000)
    id = await house.rebuilds.ask([Jars.name], by="test", rate=250)
    async with house.working():

        async def moving() -> bool:
            return (await house.rebuilds.one(id)).views[0].position > 0

        await until(moving)
        await house.rebuilds.pause(id)

        async def still() -> bool:
            return not await place.database.writer.fetchval(
                """select true from pg_locks where locktype = 'advisory' and classid = 18551
                      and objid = (select id from ops.lanes where view = 'toys.jars' and generation = 2)"""
            )

        await until(still)
        stands = (await house.rebuilds.one(id)).views[0].position
        open_ones = await place.database.writer.fetch(
            """select query from pg_stat_activity where datname = current_database()
                  and pid <> pg_backend_pid() and (state like 'idle in transaction%' or query like 'copy%')
                  and state <> 'idle'"""
        )
        assert open_ones == []
        assert 0 < stands < await place.log.head(), await house.rebuilds.one(id)
        await place.database.writer.execute("update ops.rebuilds set rate = null")
        await house.rebuilds.resume(id)
        assert (await house.ended(id)).state is RebuildState.SWITCHED
        assert await house.all(Jars(), 1) == await house.all(Jars(), 2)


async def test_a_cancelled_build_leaves_nothing_behind(everywhere: House) -> None:
    house, place = everywhere, everywhere.place
    await house.enroll()
    await some_events(place, 1000)
    names = [view.name for view in house.views]
    id = await house.rebuilds.ask(names, by="test", rate=250, parallel=3)
    async with house.working():

        async def moving() -> bool:
            return any(view.position > 0 for view in (await house.rebuilds.one(id)).views)

        await until(moving)
        await house.rebuilds.cancel(id)

        async def gone() -> bool:
            return not await place.database.writer.fetchval(
                "select true from ops.lanes where generation = 2 and drop_at is not null limit 1"
            )

        await until(gone)
        assert house.redis is not None
        assert house.search is not None
        assert await house.redis.keys("*:g2:*") == []
        assert not await house.search.indices.exists(index=f"{house.prefix}-toys-shelf_search-v1-g2")
        assert await place.database.writer.fetchval("select to_regclass('toys_g2.jars') is null")
    with pytest.raises(RebuildRefused, match="cancelled"):
        await house.rebuilds.resume(id)


async def test_former_generations_go_when_their_time_is_over(place: Place) -> None:
    house = House(place, (Jars(),), keep=timedelta())
    async with house.working():
        await some_events(place, 4)
        id = await house.rebuilds.ask([Jars.name], by="test")
        await house.became(id, RebuildState.FINISHED)
        assert await place.database.writer.fetchval("select to_regclass('toys_g1.jars') is null")
        with pytest.raises(RebuildRefused, match="no former generation"):
            await house.rebuilds.rollback(id, by="ada")


async def test_unknown_views_are_refused(place: Place) -> None:
    house = House(place, (Jars(),))
    await house.enroll()
    with pytest.raises(RebuildRefused, match=r"no view toys\.lids; there are toys\.jars"):
        await house.rebuilds.ask(["toys.lids"], by="test")


async def test_the_same_request_again_asks_for_nothing_more(place: Place) -> None:
    house = House(place, (Jars(),))
    await house.enroll()
    id = uuid4()
    assert await house.rebuilds.ask([Jars.name], by="test", id=id) == id
    assert await house.rebuilds.ask([Jars.name], by="test", id=id) == id
    assert len(await house.rebuilds.all()) == 1
