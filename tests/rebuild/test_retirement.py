"""Views that the code no longer has: told apart from those that stopped, and dropped in every store when asked."""

from dataclasses import replace

import pytest

from app.telemetry.ailments import ailment
from app.telemetry.metrics import view_metrics
from app.telemetry.system_status import standing
from projections.kit.follow.lane import Stuck
from projections.kit.follow.parking import park
from projections.kit.read.status import ViewState, ViewStatus, views_status
from projections.kit.rebuild.cleanup import waiting
from projections.kit.rebuild.retirement import ViewRetirement, placeholder
from projections.kit.store.rebuild_queue import RebuildRefused
from tests.rebuild.rebuilding import House, some_events
from tests.views.place import Place, until
from tests.views.test_outside_postgres import ShelfCounts, ShelfSearch
from tests.views.toys import Jars, Shelves

ALL = ["postgres", "redis", "search"]


async def _built_twice(house: House) -> list[str]:
    """Views with a former and a live generation, of which nobody folds any."""
    names = [view.name for view in house.views]
    async with house.working():
        await some_events(house.place, 8)
        await house.ended(await house.rebuilds.ask(names, by="test"))
        await house.followed()
    async with house.place.database.writer.acquire() as connection:
        (first, *_) = await house.place.log.read(limit=1)
        await park(connection, Jars.name, 2, [Stuck(first, "KeyError", 3)])
    return names


async def _dropped(place: Place) -> None:
    """Wait until nothing is left to be dropped."""

    async def so() -> bool:
        return not await waiting(place.database.writer, ALL)

    await until(so)


async def test_a_view_that_no_code_has_is_dropped_in_every_store(everywhere: House) -> None:
    house, pool = everywhere, everywhere.place.database.writer
    names = await _built_twice(house)
    assert house.redis is not None
    assert house.search is not None
    assert await house.redis.keys(f"{house.prefix}:*")
    newer = replace(house, views=(Shelves(),), stores={})
    async with newer.working():
        await ViewRetirement(pool, {Shelves.name}).retire(names)
        await _dropped(house.place)
    assert await house.redis.keys(f"{house.prefix}:*") == []
    assert await house.search.indices.get(index=f"{house.prefix}*") == {}
    kept = "select to_regclass(one) from unnest(array['toys_g1.jars', 'toys_g2.jars', 'toys.jars']) one"
    assert [row[0] for row in await pool.fetch(kept)] == [None] * 3
    assert await pool.fetch("select from ops.parked") == []
    assert [view.name for view in await views_status(pool)] == [Shelves.name]
    assert [view.view for view in (await standing(pool)).compared] == []


async def test_code_that_has_it_again_begins_it_anew(everywhere: House) -> None:
    house, pool = everywhere, everywhere.place.database.writer
    names = await _built_twice(house)
    await ViewRetirement(pool, ()).retire(names)
    again = replace(house, stores={})
    async with again.working():
        await _dropped(house.place)
        await again.followed()
        assert {await again.live(view) for view in again.views} == {3}
        for view in again.views:
            assert await again.all(view, 3) != {}
        assert {view.state for view in await views_status(pool, names)} == {ViewState.FOLLOWING}


async def test_what_code_has_or_a_worker_folds_or_is_being_built_is_not_dropped(place: Place) -> None:
    house, pool = House(place, (Jars(),)), place.database.writer
    async with house.working(rebuilding=False):

        async def held() -> bool:
            return [view.holder is not None for view in await views_status(pool)] == [True]

        await until(held)
        with pytest.raises(RebuildRefused, match="is a view of this version of the code"):
            await ViewRetirement(pool, {Jars.name}).retire([Jars.name])
        with pytest.raises(RebuildRefused, match=r"There is no view toys.jam; there are toys.jars\."):
            await ViewRetirement(pool, ()).retire([Jars.name, "toys.jam"])
        with pytest.raises(RebuildRefused, match=r"toys.jars is folded by .*, whose code has it"):
            await ViewRetirement(pool, ()).retire([Jars.name])
    id = await house.rebuilds.ask([Jars.name], by="test")
    with pytest.raises(RebuildRefused, match=f"The rebuild {id} of these views has not ended"):
        await ViewRetirement(pool, ()).retire([Jars.name])
    await house.rebuilds.cancel(id)
    await ViewRetirement(pool, ()).retire([Jars.name])


async def test_what_no_code_has_is_called_unknown_and_makes_nothing_unwell(place: Place) -> None:
    house, pool = House(place, (Jars(),)), place.database.writer
    async with house.working(rebuilding=False):

        async def followed() -> bool:
            return [view.state for view in await views_status(pool, ())] == [ViewState.FOLLOWING]

        # A worker of other code folds it.
        await until(followed)
    await some_events(place, 1)
    (stopped,) = await views_status(pool, {Jars.name})
    assert (stopped.state, ailment(stopped)) == (
        ViewState.STOPPED,
        "toys.jars is stopped: no worker folds it",
    )
    await pool.execute("update ops.views set paused_by = 'ada', paused_at = clock_timestamp()")
    (unknown,) = await views_status(pool, ())
    assert (unknown.state, ailment(unknown)) == (ViewState.UNKNOWN, None)
    assert _samples([unknown]) == ["headwater_log_head", "headwater_views_up"]
    assert "headwater_view_lag_seconds" in _samples([stopped])


def _samples(views: list[ViewStatus]) -> list[str]:
    return sorted({sample.name for metric in view_metrics(views) for sample in metric.samples})


async def test_what_no_code_has_keeps_no_rebuilder_at_work_for_ever(everywhere: House) -> None:
    house, pool = everywhere, everywhere.place.database.writer
    names = await _built_twice(house)
    id = await house.rebuilds.ask(names, by="test")
    await house.rebuilds.cancel(id)
    assert await waiting(pool, ALL)
    newer = replace(house, views=(), stores={})
    async with newer.working():
        await _dropped(house.place)
    assert not await waiting(pool, ALL)


@pytest.mark.parametrize("view", [Jars(), ShelfCounts(), ShelfSearch()], ids=lambda view: view.store)
def test_a_placeholder_stands_where_the_view_stood(everywhere: House, view: Jars) -> None:
    stands = placeholder(view.name, view.store, view.version)
    assert (stands.name, stands.store, stands.version) == (view.name, view.store, view.version)
    first, other = everywhere.store(view, 1), replace(everywhere, stores={}).store(stands, 1)
    where = {"postgres": "table", "redis": "keys.root", "search": "names.index"}[view.store]
    for name in where.split("."):
        first, other = getattr(first, name), getattr(other, name)
    assert first == other
