"""Views are compared by themselves, one at a time, and once however many workers ask."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.telemetry.system_status import standing
from projections.kit.rebuild.model import RebuildState
from projections.kit.rebuild.schedule import compare_when_due
from projections.kit.store.rebuild_queue import SCHEDULE, RebuildRefused
from tests.rebuild.rebuilding import House, some_events
from tests.views.place import until
from tests.views.toys import Jars

DAY, AT_ONCE = timedelta(days=1), timedelta(0)


async def due_comparison(house: House, *, every: timedelta = AT_ONCE, repair: bool = False) -> UUID | None:
    """What one worker asks for."""
    views = [type(view) for view in house.views]
    return await compare_when_due(house.place.database.writer, views, every=every, repair=repair)


async def test_nothing_is_due_before_its_time(everywhere: House) -> None:
    await everywhere.enroll()
    assert await due_comparison(everywhere) is None
    async with everywhere.working():
        await some_events(everywhere.place)
        await everywhere.followed()
        assert await due_comparison(everywhere, every=DAY) is None


async def test_workers_ask_once_and_for_one_view_after_the_other(everywhere: House) -> None:
    async with everywhere.working():
        await some_events(everywhere.place)
        await everywhere.followed()
        seen: list[str] = []
        for _ in everywhere.views:
            (id,) = {id for id in await asyncio.gather(*(due_comparison(everywhere) for _ in range(4))) if id}
            done = await everywhere.ended(id)
            assert (done.state, done.asked_by, done.parallel) == (RebuildState.REPORTED, SCHEDULE, 1)
            (member,) = done.views
            assert member.report is not None
            assert member.report.compared
            assert not member.report.differing
            seen.append(member.view)
        assert sorted(seen) == sorted(view.name for view in everywhere.views)
        assert await due_comparison(everywhere, every=DAY) is None
        assert await everywhere.rebuilds.all() == []


async def test_what_differs_is_told_and_mended_only_where_that_is_said(everywhere: House) -> None:
    writer = everywhere.place.database.writer
    async with everywhere.working():
        await some_events(everywhere.place)
        await everywhere.followed()
        spoilt = await writer.execute("update toys_g1.jars set amount = amount + 1")
        count = int(spoilt.split()[-1])

        async def compared(*, repair: bool) -> RebuildState:
            while True:
                id = await due_comparison(everywhere, repair=repair)
                assert id is not None
                done = await everywhere.ended(id)
                if done.views[0].view == Jars.name:
                    return done.state

        assert await compared(repair=False) is RebuildState.REPORTED
        assert await everywhere.live(Jars()) == 1
        now = await standing(writer)
        assert {view.view: view.differing for view in now.compared if view.differing} == {Jars.name: count}
        (ailment,) = [said for said in now.ailments() if "differs from the log" in said]
        (kept,) = await everywhere.rebuilds.all()
        assert str(kept.id) in ailment
        assert await compared(repair=True) is RebuildState.SWITCHED
        assert not [view for view in (await standing(writer)).compared if view.differing]


async def test_a_comparison_by_schedule_makes_way_for_whoever_asks(everywhere: House) -> None:
    """Also where it has been building, and where everything is asked for."""
    names = [view.name for view in everywhere.views]
    async with everywhere.working(rebuilding=False):
        await some_events(everywhere.place)
        await everywhere.followed()
        scheduled = await due_comparison(everywhere)
        assert scheduled is not None
        (member,) = (await everywhere.rebuilds.one(scheduled)).views
        mine = await everywhere.rebuilds.ask(names, by="ada", kind="reconcile")
        given_up = await everywhere.rebuilds.one(scheduled)
        assert (given_up.state, given_up.views[0].phase) == (RebuildState.CANCELLED, "dropped")
        (built,) = [view for view in (await everywhere.rebuilds.one(mine)).views if view.view == member.view]
        assert built.generation > member.generation
        # The schedule makes way; it does not come before a person, and neither does another person.
        assert await due_comparison(everywhere) is None
        with pytest.raises(RebuildRefused, match=str(mine)):
            await everywhere.rebuilds.ask(names[:1], by="ben")
        assert (await everywhere.rebuilds.one(mine)).working
    async with everywhere.working():
        done = await everywhere.ended(mine)
        assert done.state is RebuildState.REPORTED
        assert {view.view for view in done.views if view.report is not None and view.report.compared} == set(
            names
        )


async def test_a_comparison_that_is_being_built_makes_way(everywhere: House) -> None:
    async with everywhere.working():
        await some_events(everywhere.place, 100)
        await everywhere.followed()
        scheduled = await due_comparison(everywhere)
        assert scheduled is not None
        (member,) = (await everywhere.rebuilds.one(scheduled)).views
        mine = await everywhere.rebuilds.ask([member.view], by="ada")
        assert (await everywhere.ended(mine)).state is RebuildState.SWITCHED
        assert not (await everywhere.rebuilds.one(scheduled)).working


async def test_who_is_refused_takes_nothing_from_the_schedule(everywhere: House) -> None:
    names = [view.name for view in everywhere.views]
    async with everywhere.working(rebuilding=False):
        await some_events(everywhere.place)
        await everywhere.followed()
        scheduled = await due_comparison(everywhere)
        assert scheduled is not None
        (member,) = (await everywhere.rebuilds.one(scheduled)).views
        others = [name for name in names if name != member.view]
        asked_for = await everywhere.rebuilds.ask(others, by="ben")
        with pytest.raises(RebuildRefused, match=str(asked_for)):
            await everywhere.rebuilds.ask(names, by="ada")
        assert (await everywhere.rebuilds.one(scheduled)).working


async def test_what_found_nothing_is_forgotten_after_a_week(everywhere: House) -> None:
    writer = everywhere.place.database.writer
    async with everywhere.working():
        await some_events(everywhere.place)
        await everywhere.followed()

        async def once() -> UUID:
            id = await due_comparison(everywhere)
            assert id is not None
            await everywhere.ended(id)
            return id

        ids = [await once() for _ in range(2 * len(everywhere.views))]

        async def dropped() -> bool:
            return not await writer.fetchval("select true from ops.lanes where drop_at is not null limit 1")

        await until(dropped)
        await writer.execute("update ops.rebuilds set ended_at = ended_at - interval '8 days'")
        # The newest of each view stays, with its number.
        assert await due_comparison(everywhere, every=DAY) is None
        left = await writer.fetch("select id from ops.rebuilds")
        assert {row["id"] for row in left} == set(ids[len(everywhere.views) :])
        newest = await writer.fetchval("select max(generation) from ops.lanes where view = $1", Jars.name)
        assert newest == 3


async def test_a_comparison_dated_ahead_is_none(everywhere: House) -> None:
    """A clock that had jumped must not put the next one off for ever."""
    writer = everywhere.place.database.writer
    async with everywhere.working():
        await some_events(everywhere.place)
        await everywhere.followed()
        id = await due_comparison(everywhere)
        assert id is not None
        await everywhere.ended(id)
        await writer.execute("update ops.rebuilds set asked_at = asked_at + interval '1 year'")
        assert (await due_comparison(everywhere)) is not None
