"""A rebuild that was cut over to is taken back: once, whole, and only to what may serve again."""

import asyncio
from uuid import uuid4

import pytest

from projections.kit.rebuild.model import RebuildState
from projections.kit.store.rebuild_queue import RebuildRefused
from tests.rebuild.rebuilding import House, some_events
from tests.views.place import TENANT, Place
from tests.views.toys import Jars


async def test_asked_twice_a_rollback_stays_and_says_view_by_view_what_was_taken_back(
    everywhere: House,
) -> None:
    house = everywhere
    async with house.working():
        await some_events(house.place, 4)
        names = [view.name for view in house.views]
        id = (await house.ended(await house.rebuilds.ask(names, by="test"))).id
        first, *others = sorted(names)
        for by in ("ada", "bruno"):
            assert await house.rebuilds.rollback(id, [first], by=by) == {first: 1}
        found = await house.rebuilds.one(id)
        assert (found.state, found.rolled_back) == (RebuildState.SWITCHED, 1)
        assert {view.view: (view.live, view.rolled_back_by) for view in found.views} == {
            first: (False, "ada"),
            **dict.fromkeys(others, (True, None)),
        }
        assert await house.rebuilds.rollback(id, by="bruno") == dict.fromkeys(names, 1)
        found = await house.rebuilds.one(id)
        assert found.state is RebuildState.ROLLED_BACK
        assert {view.view: view.rolled_back_by for view in found.views} == {
            first: "ada",
            **dict.fromkeys(others, "bruno"),
        }


async def test_two_who_take_a_rebuild_back_at_once_take_it_back_once(place: Place) -> None:
    house = House(place, (Jars(),))
    async with house.working():
        await some_events(place, 4)
        id = (await house.ended(await house.rebuilds.ask([Jars.name], by="test"))).id
        both = await asyncio.gather(*(house.rebuilds.rollback(id, by=by) for by in ("ada", "bruno")))
        assert both == [{Jars.name: 1}] * 2
        assert await house.live(Jars()) == 1


async def test_only_what_serves_is_taken_back_and_never_to_what_was_taken_back_before(place: Place) -> None:
    house = House(place, (Jars(),))
    async with house.working():
        await some_events(place, 4)
        first = (await house.ended(await house.rebuilds.ask([Jars.name], by="test"))).id
        await house.rebuilds.rollback(first, by="ada")
        second = (await house.ended(await house.rebuilds.ask([Jars.name], by="test"))).id
        assert await house.rebuilds.rollback(first, by="ada") == {Jars.name: 3}
        third = (await house.ended(await house.rebuilds.ask([Jars.name], by="test"))).id
        with pytest.raises(RebuildRefused, match=r"Generation 4 of .* serves, and not generation 3"):
            await house.rebuilds.rollback(second, by="ada")
        assert await house.rebuilds.rollback(third, by="ada") == {Jars.name: 3}
        # Generation 1 served before, and 2 was taken back.
        assert await house.rebuilds.rollback(second, by="ada") == {Jars.name: 1}


async def test_a_rebuild_that_is_half_taken_back_ends_when_the_other_former_generations_are_gone(
    everywhere: House,
) -> None:
    house = everywhere
    async with house.working():
        await some_events(house.place, 4)
        names = [view.name for view in house.views]
        id = (await house.ended(await house.rebuilds.ask(names, by="test"))).id
        await house.rebuilds.rollback(id, names[:1], by="ada")
        await house.place.database.writer.execute(
            "update ops.lanes set drop_at = clock_timestamp() where generation = 1 and drop_at is not null"
        )
        await house.became(id, RebuildState.FINISHED)
        assert (await house.rebuilds.one(id)).rolled_back == 1


async def test_what_was_not_cut_over_to_is_not_taken_back(place: Place) -> None:
    house = House(place, (Jars(),))
    await house.enroll()
    id = await house.rebuilds.ask([Jars.name], by="test")
    with pytest.raises(RebuildRefused, match="is building: nothing was cut over to"):
        await house.rebuilds.rollback(id, by="ada")
    await house.rebuilds.cancel(id)
    of_tenant = await house.rebuilds.ask([Jars.name], by="test", tenant_id=TENANT)
    for unknown, reason in ((of_tenant, "rows of one tenant"), (uuid4(), "There is no rebuild")):
        with pytest.raises(RebuildRefused, match=reason):
            await house.rebuilds.rollback(unknown, by="ada")
