"""Rebuilds from asking to dropping: beside the live rows, verified, cut over together, and taken back."""

import asyncio
import dataclasses
from uuid import UUID, uuid4

import pytest

from app.views.cli.rebuild_progress import tell_end
from domain.kit.log import Envelope
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import replace
from projections.kit.follow.inline import Inline
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.rebuild.comparison import Report
from projections.kit.rebuild.cutover import Cutover
from projections.kit.rebuild.model import Building, RebuildState
from projections.kit.store.rebuild_queue import RebuildRefused
from tests.rebuild.rebuilding import House, some_events
from tests.views.place import CODEC, TENANT, Place, until
from tests.views.test_inline import InlineJars
from tests.views.toys import Jar, JarRow, Jars

OTHER = UUID(int=8)


async def test_views_of_all_stores_are_cut_over_together_and_back(everywhere: House) -> None:
    house, place = everywhere, everywhere.place
    async with house.working():
        await some_events(place)
        names = [view.name for view in house.views]
        done = await house.ended(await house.rebuilds.ask(names, by="test"))
        assert done.state is RebuildState.SWITCHED, done
        assert [(view.report.differing, view.report.complete) for view in done.views if view.report] == [
            (0, True)
        ] * 3
        assert {await house.live(view) for view in house.views} == {2}
        await some_events(place, 8)
        await house.followed()
        for view in house.views:
            assert await house.all(view, 1) == await house.all(view, 2) != {}
        assert await house.rebuilds.rollback(done.id, by="ada") == dict.fromkeys(names, 1)
        assert (await house.rebuilds.one(done.id)).state is RebuildState.ROLLED_BACK
        assert {await house.live(view) for view in house.views} == {1}


async def test_readers_see_rows_all_the_time(place: Place) -> None:
    house = House(place, (Jars(),))
    async with house.working() as live:
        await some_events(place)
        await house.followed()
        wanted = len(await house.read(live, Jars()))
        seen: set[tuple[int, int]] = set()

        async def read_on() -> None:
            while live.generation(Jars) == 1:
                seen.add((live.generation(Jars), len(await house.read(live, Jars()))))
            seen.add((live.generation(Jars), len(await house.read(live, Jars()))))

        reading = asyncio.create_task(read_on())
        done = await house.ended(await house.rebuilds.ask([Jars.name], by="test"))
        assert done.state is RebuildState.SWITCHED
        await asyncio.wait_for(reading, 120)
    assert seen == {(1, wanted), (2, wanted)}


async def test_a_rebuild_that_differs_is_not_cut_over_until_it_is_accepted(place: Place) -> None:
    house = House(place, (Jars(),))
    async with house.working() as live:
        jars = await some_events(place, 6)
        await house.followed()
        await place.database.writer.execute(
            "update toys_g1.jars set shelf = 'nowhere', amount = 1 where id = $1", jars[0]
        )
        await place.database.writer.execute("delete from toys_g1.jars where id = $1", jars[1])
        await place.database.writer.execute(
            """insert into toys_g1.jars select (jsonb_populate_record(j, jsonb_build_object('id', $1::uuid))).*
                      from toys_g1.jars j where id = $2""",
            uuid4(),
            jars[2],
        )
        id = await house.rebuilds.ask([Jars.name], by="test")
        found = await house.ended(id)
        assert found.state is RebuildState.DIFFERS
        report = found.views[0].report
        assert report is not None
        assert report.differing == 3
        assert {
            (example.kind, example.fields if example.kind == "changed" else ()) for example in report.examples
        } == {
            ("changed", ("shelf", "amount")),
            ("missing", ()),
            ("extra", ()),
        }
        assert await house.live(Jars()) == 1
        with pytest.raises(RebuildRefused, match="has not ended"):
            await house.rebuilds.ask([Jars.name], by="test")
        await house.rebuilds.accept(id)
        assert (await house.ended(id)).state is RebuildState.SWITCHED

        async def mended() -> bool:
            return {row.shelf for row in await house.read(live, Jars())} == {"top"}

        await until(mended)


@pytest.mark.parametrize("parked", [False, True], ids=["well", "with a stream parked"])
async def test_what_was_verified_before_a_kill_is_not_verified_again_where_it_holds(
    everywhere: House, monkeypatch: pytest.MonkeyPatch, parked: bool
) -> None:
    house, place = everywhere, everywhere.place
    verify, seen = Cutover._verify, list[str]()

    async def once(cutover: Cutover, member: Building) -> Report:
        if Jars.name in seen and "killed" not in seen:
            seen.append("killed")
            if parked:
                await place.database.writer.execute(PARKED, Jars.name, TENANT, uuid4(), uuid4())
            raise ConnectionError
        seen.append(member.view)
        return await verify(cutover, member)

    monkeypatch.setattr(Cutover, "_verify", once)
    async with house.working():
        await some_events(place)
        names = [view.name for view in house.views]
        done = await house.ended(await house.rebuilds.ask(names, by="test"))
    assert done.state is (RebuildState.DIFFERS if parked else RebuildState.SWITCHED), done
    assert all(view.report is not None for view in done.views)
    assert seen.count(Jars.name) == 1 + parked
    assert {*seen} == {*names, "killed"}


PARKED = """
insert into ops.parked
    (view, generation, stream, tenant_id, topic, position, event_id, event_type, error, attempts)
values ($1, 2, $3, $2, 'toys.jar', 1, $4, 'x', 'x', 1)
"""


async def test_a_reconciliation_reports_and_leaves_everything_as_it_was(everywhere: House) -> None:
    house, place = everywhere, everywhere.place
    async with house.working():
        await some_events(place)
        await house.followed()
        names = [view.name for view in house.views]
        found = await house.ended(await house.rebuilds.ask(names, by="test", kind="reconcile"))
        assert found.state is RebuildState.REPORTED
        assert all(view.report and view.report.compared and not view.report.differing for view in found.views)
        assert {await house.live(view) for view in house.views} == {1}
        await place.database.writer.execute("update toys_g1.jars set amount = amount + 1")
        repaired = await house.ended(
            await house.rebuilds.ask([Jars.name], by="test", kind="reconcile", repair=True)
        )
        assert repaired.state is RebuildState.SWITCHED

        async def gone() -> bool:
            return bool(await place.database.writer.fetchval("select to_regclass('toys_g2.jars') is null"))

        await until(gone)


async def test_what_is_to_be_repaired_are_the_views_that_differ_alone(
    everywhere: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house, place = everywhere, everywhere.place
    async with house.working():
        await some_events(place)
        await house.followed()
        await place.database.writer.execute("update toys_g1.jars set amount = amount + 1")
        names = [view.name for view in house.views]
        tell_end(await house.ended(await house.rebuilds.ask(names, by="test", kind="reconcile")))
        said = capsys.readouterr().out
        assert said.endswith(f"To repair them: headwater reconcile {Jars.name} --repair\n"), said


async def test_a_rebuild_of_one_tenant_says_how_many_rows_were_wrong(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(place, (Jars(),))
    async with house.working():
        await some_events(place)
        await house.followed()
        await place.database.writer.execute("update toys_g1.jars set amount = amount + 1")
        wrong = await place.database.writer.fetchval(
            "select count(*) from toys_g1.jars where tenant_id = $1", TENANT
        )
        tell_end(await house.ended(await house.rebuilds.ask([Jars.name], by="test", tenant_id=TENANT)))
        assert (
            capsys.readouterr().out
            == f"{Jars.name}: {wrong} rows put in place; the others were right.\nDone.\n"
        )


class Doubled(Jars, PostgresView[JarRow], name="toys.jars", version=2):
    """The same table with another meaning."""

    @on(Jar.Filled, first=True)
    def filled(self, row: None, event: Jar.Filled, envelope: Envelope) -> JarRow:
        row_ = super().filled(row, event, envelope)
        return replace(row_, amount=2 * row_.amount)


async def test_a_new_version_is_built_by_itself_while_yesterdays_code_goes_on(place: Place) -> None:
    yesterday, today = House(place, (Jars(),)), House(place, (Doubled(),))
    async with yesterday.working(rebuilding=False) as old:
        await place.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=4)))
        async with today.working() as new:

            async def shown() -> bool:
                return not new.missing()

            await until(shown)
            assert await today.live(Doubled()) == 2
            last = await place.tell((uuid4(), Jar.Filled(name="b", shelf="top", amount=5)))
            await place.reached(last, Doubled())
            assert sorted(row.amount for row in await today.read(new, Doubled())) == [8, 10]

            async def both() -> bool:
                return sorted(row.amount for row in await yesterday.read(old, Jars())) == [4, 5]

            await until(both)
            (rebuild,) = await today.rebuilds.all()
            with pytest.raises(RebuildRefused, match="of version 1"):
                await today.rebuilds.rollback(rebuild.id, by="ada")


async def test_an_inline_view_is_cut_over_under_appends_and_never_behind(place: Place) -> None:
    house = House(place, (InlineJars(),))
    await house.enroll()

    def store(view: PostgresView[JarRow], generation: int) -> object:
        return house.store(view, generation)

    inline = Inline([InlineJars()], CODEC, store)  # type: ignore[arg-type]
    now = dataclasses.replace(place, log=type(place.log)(place.database, inline=inline))
    going = True
    async with house.working() as live:

        async def tell() -> int:
            count = 0
            while going:
                jar = uuid4()
                await now.tell((jar, Jar.Filled(name="a", shelf="top", amount=1)))
                count += 1
            return count

        telling = [asyncio.create_task(tell()) for _ in range(4)]
        done = await house.ended(await house.rebuilds.ask([InlineJars.name], by="test"))
        assert done.state is RebuildState.SWITCHED, done
        generation = await house.live(InlineJars())
        assert generation == 2
        jar = uuid4()
        await now.tell((jar, Jar.Filled(name="last", shelf="top", amount=1)))
        live.pin()
        await live.look()
        live.pin()
        # By its key: a page shows the first thousand, and a slow rebuild lets more than that be told.
        found = await PostgresRows(place.database, live).get(InlineJars, TENANT, [(jar,)])
        assert [row.name for row in found.values()] == ["last"]
        going = False
        count = sum(await asyncio.gather(*telling))
        await house.followed()
        assert len(await house.all(InlineJars(), 2)) == count + 1
        assert await house.all(InlineJars(), 1) == await house.all(InlineJars(), 2)
        statuses = await place.status(InlineJars)
        assert statuses.complete
    await now.log.close()


async def test_one_tenants_rows_are_put_in_place_without_touching_anothers(everywhere: House) -> None:
    house, place = everywhere, everywhere.place
    async with house.working():
        jars = await some_events(place, 8)
        await some_events(place, 8, tenant=OTHER)
        await house.followed()
        right = {view.name: await house.all(view, 1) for view in house.views}
        writer = place.database.writer
        await writer.execute("update toys_g1.jars set amount = 99 where tenant_id = $1", TENANT)
        await writer.execute("delete from toys_g1.jars where id = $1", jars[0])
        before = await writer.fetch(
            "select xmin, id from toys_g1.jars where tenant_id = $1 order by id", OTHER
        )
        assert house.redis is not None
        key = next(name for name in await house.redis.keys(f"*:t:{TENANT}:*"))
        await house.redis.delete(key)
        id = await house.rebuilds.ask([view.name for view in house.views], by="test", tenant_id=TENANT)
        done = await house.ended(id)
        assert done.state is RebuildState.FINISHED, done
        await house.followed()
        assert {view.name: await house.all(view, 1) for view in house.views} == right
        after = await writer.fetch(
            "select xmin, id from toys_g1.jars where tenant_id = $1 order by id", OTHER
        )
        assert before == after
        # And the live views go on.
        await some_events(place, 4)
        await house.followed()
        assert {await house.live(view) for view in house.views} == {1}
