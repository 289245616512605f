"""Builds in bulk make the rows that following makes, whatever ends them in the middle."""

import asyncio
import sys
from functools import partial
from typing import Any, cast
from uuid import uuid4

import pytest

from app.contexts import VIEWS
from app.demo import tell as tell_demo
from domain.kit.events import Event
from projections.kit.generations import add_generation
from projections.kit.pages import LogGap
from projections.kit.postgres import PostgresView
from projections.kit.search_store import SearchStore
from projections.kit.sparing import Spared
from projections.kit.store import Bulk, Checkpoint, LeaseLost
from projections.kit.view import Changes, View, on
from tests.rebuild.faulty import DyingCheckpoints, Killed, Sliced, kill_at
from tests.rebuild.histories import KINDS, OTHER, Carried, CarriedCounts, CarriedSearch, tell
from tests.rebuild.site import Built, Site, rows, stands
from tests.views.place import Followed, until
from tests.views.toys import Colour, Jar, Jars, ShelfRow, _carry

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


async def test_builds_every_view_of_the_product_as_following_does(site: Site) -> None:
    await tell_demo(site.place.log, size=400)
    head = await site.place.log.head()
    views = [kind() for kind in VIEWS]
    followed: list[Followed] = []
    for view in views:
        async with site.place.database.writer.acquire() as connection:
            generation = await add_generation(connection, type(view), building=False, served=True)
            await connection.execute(
                "insert into ops.views (view, store, inline, live) values ($1, $2, false, $3)",
                view.name,
                view.store,
                generation,
            )
        store = site.store(view, generation)
        await store.prepare()
        followed.append(Followed(view, store, generation))
    async with site.place.working(followed):
        await site.place.reached(head, *cast(list[PostgresView[Any]], views))
    for one in followed:
        built = await site.build(one.view)
        assert (await stands(built)).position == head
        expected = await rows(one.store)
        assert expected, one.view.name
        assert await rows(built.store) == expected, one.view.name


@EVERY_KIND
async def test_builds_with_more_rows_than_are_kept_at_hand(site: Site, kind: type[View[Any]]) -> None:
    await tell(site.place, 600)
    built = await site.build(kind(), log=Sliced(site.place.log), page=20, rows=6)
    assert await rows(built.store) == await site.folded(built.view)


@EVERY_KIND
@pytest.mark.parametrize("stored", [False, True])
async def test_a_killed_build_goes_on(site: Site, kind: type[View[Any]], stored: bool) -> None:
    last = await tell(site.place, 500)
    view = kind()
    built = await site.generation(view)
    at = 0
    for save in (1, 3, 2, 4):
        kill_at(built, save, stored=stored)
        await _killed(site, built)
        # Another process comes with a store that knows nothing yet.
        built = Built(view, site.store(view, built.generation), built.generation)
        before, at = at, (await stands(built)).position
        assert at > before or (save == 1 and not stored)
    await (await site.builder(built)).run()
    assert (await stands(built)).position == last
    assert await rows(built.store) == await site.folded(view)


async def test_a_build_killed_between_documents_and_checkpoint_folds_nothing_twice(site: Site) -> None:
    await tell(site.place, 500)
    view = CarriedSearch()
    built = await site.generation(view)
    for left in (1, 2, 3, 2):
        checkpoints = DyingCheckpoints(site.place.database.writer, left=left)
        store = SearchStore(view, site.search, built.generation, checkpoints, site.prefix)
        await _killed(site, Built(view, store, built.generation))
    await (await site.builder(built, rows=6)).run()
    assert await rows(built.store) == await site.folded(view)


async def test_a_process_that_is_killed_loses_and_doubles_nothing(site: Site) -> None:
    last = await tell(site.place, 400)
    built = await site.generation(Carried())
    at = 0
    for stored in (3, 40, 7):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.rebuild.build_process",
            site.url,
            str(built.generation),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            said = [int(await process.stdout.readline()) for _ in range(stored)]
        finally:
            process.kill()
            await process.wait()
        assert said[0] > at
        at = (await stands(built)).position
        assert said[-1] <= at < last
    await (await site.builder(built)).run()
    assert await rows(built.store) == await site.folded(built.view)


async def _killed(site: Site, built: Built) -> None:
    built.store.bulk_rows = 10  # type: ignore[attr-defined]
    builder = await site.builder(built, log=Sliced(site.place.log), page=20, rows=20)
    with pytest.raises(Killed):
        await builder.run()


async def test_a_cancelled_build_leaves_nothing_open_and_goes_on(site: Site) -> None:
    # Much more than the connection and its buffers hold, so that the server has to wait with the rest.
    last = 0
    for _ in range(30):
        filled = Jar.Filled(name="a", shelf="top", amount=1, tags=("long" * 10_000,))
        last = await site.place.tell(*((uuid4(), filled) for _ in range(10)))
    built = await site.generation(Carried())
    built.store.bulk_rows = 1  # type: ignore[attr-defined]
    builder = await site.builder(built, log=Sliced(site.place.log, size=1), rate=100)
    task = asyncio.create_task(builder.run())

    async def copies() -> bool:
        return await _transactions(site) > 0 and (await built.store.checkpoint()).position > 0

    await until(copies)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()

    async def closed() -> bool:
        return await _transactions(site) == 0

    await until(closed)
    assert (await stands(built)).position < last
    await (await site.builder(built)).run()
    assert await rows(built.store) == await site.folded(built.view)


async def _transactions(site: Site) -> int:
    """How many others are in the middle of one."""
    count: int = await site.place.database.writer.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() and xact_start is not null and query ilike '%copy%'"
    )
    return count


async def test_keeps_to_the_rate(site: Site) -> None:
    await tell(site.place, 300)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await site.build(Carried(), rate=600)
    # No upper bound: the machine may be as slow as it likes.
    assert loop.time() - began >= 300 / 600 * 0.8


async def test_builds_for_one_tenant(site: Site) -> None:
    last = await tell(site.place, 300)
    built = await site.build(Carried(), tenant_id=OTHER)
    assert await rows(built.store) == await site.folded(built.view, tenant_id=OTHER)
    assert (await stands(built)).position == last


async def test_builds_exactly_up_to_a_position(site: Site) -> None:
    last = await tell(site.place, 300)
    built = await site.generation(Carried())
    await (await site.builder(built)).run(last - 57)
    assert (await stands(built)).position == last - 57
    await (await site.builder(built)).run(last)
    assert await rows(built.store) == await site.folded(built.view)


class Choosy(Carried, PostgresView[ShelfRow], name="toys.choosy", key=("shelf", "colour")):
    """Shelves that some jars cannot be put on: what is moved by 7 fails on its second shelf."""

    @on(Jar.Moved, by=lambda event, _: [(event.shelf, "any"), (event.previous, "any")])
    def moved(self, row: ShelfRow | None, event: Jar.Moved, key: tuple[str, str]) -> ShelfRow:
        if event.amount == 7 and key[0] == event.previous:
            raise ArithmeticError("seven")
        return _carry(row, key, event.amount if key[0] == event.shelf else -event.amount)


async def test_parks_streams_that_fail_and_folds_the_others(site: Site) -> None:
    last = await tell(site.place, 400)
    events = await site.events()
    page = Spared.of(Choosy(), [(envelope, partial(_itself, event)) for event, envelope in events])
    expected = {full: row for full, row in page.fold({}).items() if row is not None}
    parked = set(page.stuck)
    assert len(parked) > 1
    built = await site.generation(Choosy())
    # It ends after streams were parked and before that is stored.
    kill_at(built, 2, stored=False)
    await _killed(site, built)
    built = Built(built.view, site.store(built.view, built.generation), built.generation)
    await (await site.builder(built)).run()
    assert await rows(built.store) == expected
    assert (await stands(built)).position == last
    found = await site.place.database.writer.fetch("select tenant_id, stream, attempts from ops.parked")
    assert {(row["tenant_id"], row["stream"]) for row in found} == parked
    assert {row["attempts"] for row in found} == {3}


async def test_parks_streams_whose_rows_the_table_refuses(site: Site) -> None:
    good = [(uuid4(), Jar.Filled(name="a", shelf="top", amount=1)) for _ in range(40)]
    bad = (uuid4(), Jar.Filled(name="far too long for its column" * 5, shelf="top", amount=1))
    await site.place.tell(*good[:20], bad, *good[20:], tenant=OTHER)
    last = await site.place.tell((bad[0], Jar.Taken(shelf="top", amount=1)), tenant=OTHER)
    await tell(site.place, 50)
    for tenant_id in (None, OTHER):
        built = await site.build(Jars(), tenant_id=tenant_id)
        expected = await site.folded(built.view, tenant_id=tenant_id)
        del expected[OTHER, (bad[0],)]
        assert await rows(built.store) == expected
        assert (await stands(built)).position == last + 50
        found = await site.place.database.writer.fetch(
            "select stream, position from ops.parked where generation = $1", built.generation
        )
        assert [tuple(row) for row in found] == [(bad[0], 21)]


@pytest.mark.parametrize("name", ["ü", '\u0085 odd \\ " \t\n'])
async def test_many_rows_are_written_as_few_are(site: Site, name: str) -> None:
    filled = Jar.Filled(name=name, shelf="top", amount=-(2**40), colour=Colour.BLUE, tags=("x", 'y"'))
    await site.place.tell(*((uuid4(), filled) for _ in range(2_100)))
    built = await site.build(Jars())
    expected = await site.folded(built.view)
    assert len(expected) == 2_100
    assert await rows(built.store) == expected
    moved = [(key[0], Jar.Moved(shelf="low", previous="top", amount=1)) for _, key in expected]
    gone = [(stream, Jar.Broken(shelf="low")) for stream, _ in moved[:100]]
    await site.place.tell(*moved, *gone)
    await (await site.builder(built)).run()
    assert await rows(built.store) == await site.folded(built.view)
    assert await built.store.count() == 2_000


async def test_many_rows_need_no_right_to_temporary_tables(site: Site) -> None:
    await site.place.tell(
        *((uuid4(), Jar.Filled(name="a", shelf=str(uuid4()), amount=1)) for _ in range(2_100))
    )
    owner = await site.place.database.owner()
    name = await owner.fetchval("select current_database()")
    await owner.execute(f"revoke temporary on database {name} from public")
    await owner.close()
    built = await site.build(Carried())
    assert await rows(built.store) == await site.folded(built.view)


def _itself(event: Event) -> Event:
    return event


async def test_refuses_a_log_with_a_gap_and_trusts_nothing_of_the_build(site: Site) -> None:
    await tell(site.place, 300)
    built = await site.generation(Carried())
    builder = await site.builder(built, log=Sliced(site.place.log, lacking=(150,)))
    with pytest.raises(LogGap):
        await builder.run()
    assert await rows(built.store) == {}
    assert (await built.store.checkpoint()).position == 0
    await (await site.builder(built)).run()
    assert await rows(built.store) == await site.folded(built.view)


@EVERY_KIND
async def test_tries_again_when_the_store_does_not_answer(site: Site, kind: type[View[Any]]) -> None:
    await tell(site.place, 300)
    built = await site.generation(kind())
    built.store.bulk_rows = 10  # type: ignore[attr-defined]
    inner, calls = built.store.save, 0

    async def flaky(changes: Changes[Any], checkpoint: Checkpoint) -> None:
        nonlocal calls
        calls += 1
        if calls in (2, 3, 7):
            raise ConnectionResetError
        await inner(changes, checkpoint)

    built.store.save = flaky  # type: ignore[method-assign]
    await (await site.builder(built, log=Sliced(site.place.log), page=20, rows=6)).run()
    assert calls > 7
    assert await rows(built.store) == await site.folded(built.view)


async def test_an_older_lease_writes_nothing(site: Site) -> None:
    await tell(site.place, 50)
    built = await site.generation(Carried())
    builder = await site.builder(built)
    await site.lease(built)
    with pytest.raises(LeaseLost):
        await builder.run()
    assert await rows(built.store) == {}


async def test_keys_lost_in_the_middle_are_filled_again_under_a_new_lease(site: Site) -> None:
    await tell(site.place, 300)
    built = await site.generation(CarriedCounts())
    kill_at(built, 3, stored=True)
    await _killed(site, built)
    await site.redis.flushdb()
    built = Built(built.view, site.store(built.view, built.generation), built.generation)
    await (await site.builder(built)).run()
    assert await rows(built.store) == await site.folded(built.view)


async def test_makes_the_indexes_at_the_end(site: Site) -> None:
    await site.place.tell(*((uuid4(), Jar.Filled(name="a", shelf="x", amount=1)) for _ in range(50)))
    built = await site.generation(Jars())
    complete = await _indexes(site, built)
    assert len(complete) == 2
    assert isinstance(built.store, Bulk)
    kill_at(built, 1, stored=True)
    with pytest.raises(Killed):
        await (await site.builder(built)).run()
    assert len(await _indexes(site, built)) == 1
    built = Built(built.view, site.store(built.view, built.generation), built.generation)
    await (await site.builder(built)).run()
    assert await _indexes(site, built) == complete


async def _indexes(site: Site, built: Built) -> list[str]:
    found = await site.place.database.writer.fetch(
        "select indexdef from pg_indexes where schemaname = $1 order by 1", f"toys_g{built.generation}"
    )
    return [row["indexdef"] for row in found]


async def test_the_real_search_refreshes_again_at_the_end(real: Site) -> None:
    await tell(real.place, 300)
    built = await real.generation(CarriedSearch())
    kill_at(built, 1, stored=True)
    await _killed(real, built)
    assert await _refreshes(real) == "-1"
    built = Built(built.view, real.store(built.view, built.generation), built.generation)
    await (await real.builder(built)).run()
    assert await _refreshes(real) == "1s"
    assert await rows(built.store) == await real.folded(built.view)


async def _refreshes(site: Site) -> str:
    (found,) = (await site.search.indices.get_settings(index=f"{site.prefix}*")).values()
    return str(found["settings"]["index"]["refresh_interval"])
