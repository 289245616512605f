"""Builds in bulk make the rows that following makes, whatever ends them in the middle."""

import asyncio
import sys
from typing import Any, cast
from uuid import uuid4

import pytest

from app.contexts import VIEWS
from app.demo.demo import BRIGHT
from app.demo.narration import tell as tell_demo
from domain.kit.codec import PlainCodec
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.store.generations import add_generation
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Bulk
from tests.rebuild.everything import tell as tell_the_rest
from tests.rebuild.faulty import DyingCheckpoints, Killed, Sliced, kill_at, killed
from tests.rebuild.histories import KINDS, OTHER, Carried, CarriedSearch, tell
from tests.rebuild.site import Built, Site, rows, stands
from tests.views.place import Followed, until
from tests.views.toys import Colour, Jar, Jars

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


async def test_builds_every_view_of_the_product_as_following_does(site: Site) -> None:
    await tell_demo(site.place.log, PlainCodec(), BRIGHT, size=400)
    await tell_the_rest(site.place.log, BRIGHT)
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
    for lane in followed:
        built = await site.build(lane.view)
        assert (await stands(built)).position == head
        expected = await rows(lane.store)
        assert expected, lane.view.name
        assert await rows(built.store) == expected, lane.view.name


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
        await killed(site, built)
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
        await killed(site, Built(view, store, built.generation))
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
    await killed(real, built)
    assert await _refreshes(real) == "-1"
    built = Built(built.view, real.store(built.view, built.generation), built.generation)
    await (await real.builder(built)).run()
    assert await _refreshes(real) == "1s"
    assert await rows(built.store) == await real.folded(built.view)


async def _refreshes(site: Site) -> str:
    (found,) = (await site.search.indices.get_settings(index=f"{site.prefix}*")).values()
    return str(found["settings"]["index"]["refresh_interval"])
