"""Inline views are moved together, and still no position claims an event that was not folded."""

import asyncio
import dataclasses
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.log.postgres import PostgresLog
from app.storage.database import Connection
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folded_rows import fold
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import replace
from projections.kit.declare.view import RowChanges
from projections.kit.follow.inline import Inline
from projections.kit.store.generations import add_generation, cut_over
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.store import Checkpoint, LeaseLost
from tests.views.place import CODEC, Place, until
from tests.views.test_inline import InlineJars, InlineShelves, hooked, inline
from tests.views.toys import Jar, JarRow, Jars, ShelfRow


class Losses(PostgresView[ShelfRow], name="toys.losses", key=("shelf", "colour"), inline=True):
    """What broke on a shelf; most events are nothing to it."""

    @on(Jar.Broken, by=lambda event, _: (event.shelf, "any"))
    def broken(self, row: ShelfRow | None, event: Jar.Broken) -> ShelfRow:
        row = row or ShelfRow(shelf=event.shelf, colour="any")
        return replace(row, amount=row.amount + 1)


class JarsOfToday(Jars, PostgresView[JarRow], name="toys.jars", version=2, inline=True):
    """Jars, as the next version of the code keeps them."""


VIEWS = (InlineJars(), InlineShelves(), Losses())
FILLED = Jar.Filled(name="a", shelf="top", amount=1)
BROKEN = Jar.Broken(shelf="top")


async def claims(place: Place, *views: PostgresView[Any]) -> list[int]:
    """Where all generations of these views stand, having made sure that each holds what its position says."""
    events = [(CODEC.decode(envelope), envelope) for envelope in await place.log.read(limit=10_000)]
    stands: list[int] = []
    for view in views:
        lanes = await place.database.writer.fetch(
            "select generation, position, folded from ops.lanes where view = $1 and version = $2 order by 1",
            view.name,
            view.version,
        )
        for lane in lanes:
            store = PostgresStore(type(view), place.database.writer, place.database.owner, lane["generation"])
            held = {key: row async for page in store.scan() for key, row in page.items()}
            until_then = [pair for pair in events if pair[1].position <= lane["position"]]
            expected = {key: row for key, row in fold(view, {}, until_then).items() if row is not None}
            assert held == expected, (view.name, lane["position"])
            assert lane["folded"] == lane["position"]
            stands.append(lane["position"])
    return stands


async def test_a_view_that_a_batch_does_not_touch_reaches_its_end(place: Place) -> None:
    async with inline(place, *VIEWS) as now:
        jar = uuid4()
        await now.tell((jar, FILLED))
        await now.tell((uuid4(), FILLED), (uuid4(), FILLED))
        assert await claims(place, *VIEWS) == [3, 3, 3]
        await now.tell((jar, BROKEN))
        assert await claims(place, *VIEWS) == [4, 4, 4]
        assert [row["amount"] for row in await place.rows(Losses)] == [1]


async def test_a_view_that_other_processes_do_not_keep_is_not_moved_past_what_it_lacks(place: Place) -> None:
    async with inline(place, *VIEWS) as whole, inline(place, InlineJars(), InlineShelves()) as part:
        jar = uuid4()
        await whole.tell((jar, FILLED))
        await part.tell((jar, BROKEN))
        assert await claims(place, *VIEWS) == [2, 2, 1]
        # Nothing in this batch is of interest to the view, but what came before it is.
        await whole.tell((uuid4(), FILLED))
        assert await claims(place, *VIEWS) == [3, 3, 3]


async def test_a_view_that_is_far_behind_stays_where_it_is_until_a_worker_has_filled_it(place: Place) -> None:
    async with inline(place, *VIEWS, reach=3) as whole, inline(place, InlineJars(), InlineShelves()) as part:
        jars = [uuid4() for _ in range(4)]
        await whole.tell(*((jar, FILLED) for jar in jars))
        await part.tell(*((jar, BROKEN) for jar in jars))
        await whole.tell((uuid4(), FILLED))
        assert await claims(place, *VIEWS) == [9, 9, 4]
        async with place.working(await place.followed(Losses())):

            async def filled() -> bool:
                status = await place.status(Losses)
                return status.position == 9 and status.holder is None

            await until(filled)
            await whole.tell((uuid4(), FILLED))
        assert await claims(place, *VIEWS) == [10, 10, 10]


async def test_a_view_whose_table_is_lost_is_not_moved(place: Place) -> None:
    async with inline(place, *VIEWS) as now:
        await now.tell((uuid4(), FILLED))
        await (await place.store(Losses)).drop()
        await now.tell((uuid4(), FILLED))
        assert [(await place.status(type(view))).position for view in VIEWS] == [2, 2, 1]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_processes_that_keep_different_views_never_claim_too_much(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    async with (
        inline(place, *VIEWS) as whole,
        inline(place, InlineJars()) as first,
        inline(place, InlineShelves(), Losses(), reach=2) as short,
    ):
        there: list[UUID] = []
        for _ in range(40):
            events: list[tuple[UUID, Event]] = []
            for _ in range(chance.randint(1, 3)):
                if there and chance.random() < 0.3:
                    events.append((there.pop(chance.randrange(len(there))), BROKEN))
                else:
                    there.append(uuid4())
                    events.append((there[-1], FILLED))
            await chance.choice((whole, first, short)).tell(*events)
            await claims(place, *VIEWS)
        last = await whole.tell((uuid4(), FILLED))
        assert await claims(place, *VIEWS) == [last, last, last]


async def test_two_versions_each_keep_their_own_generation(place: Place) -> None:
    today = JarsOfToday()
    async with inline(place, InlineJars(), Losses()) as old:
        await old.tell((uuid4(), FILLED))
        async with place.database.writer.acquire() as connection:
            second = await add_generation(connection, JarsOfToday, building=False, served=True)
        await PostgresStore(JarsOfToday, place.database.writer, place.database.owner, second).prepare()
        async with inline(place, today, Losses()) as new:
            for number in range(8):
                if number == 4:
                    # In the middle readers are sent to the new generation.
                    await cut_over(place.database.owner, [JarsOfToday], [second])
                for process in (old, new) if number % 2 else (new, old):
                    jar = uuid4()
                    await process.tell((jar, FILLED))
                    last = await process.tell((jar, BROKEN))
                    mine = InlineJars() if process is old else today
                    assert await claims(place, mine, Losses()) == [last, last]
                    await claims(place, InlineJars(), today)


async def test_a_worker_that_still_holds_a_view_loses_it_to_the_append(place: Place) -> None:
    async with inline(place, *VIEWS) as now:
        await now.tell((uuid4(), FILLED))
        writer = place.database.writer
        worker = await writer.fetchval("insert into ops.workers (name, pid) values ('late', 0) returning id")
        token = await writer.fetchval(
            "update ops.lanes set token = token + 1, holder = $2 where view = $1 returning token",
            InlineShelves.name,
            worker,
        )
        await now.tell((uuid4(), FILLED))
        assert await claims(place, *VIEWS) == [2, 2, 2]
        # The worker has read the same event, and is late with it.
        store = await place.store(InlineShelves)
        with pytest.raises(LeaseLost):
            await store.save(RowChanges(), Checkpoint(2, 2, token))
        assert (await place.status(InlineShelves)).holder is None


async def test_a_worker_that_takes_a_view_while_the_append_waits_for_it_loses_it_too(place: Place) -> None:
    async with inline(place, *VIEWS) as now, place.database.writer.acquire() as taking:
        await now.tell((uuid4(), FILLED))
        async with taking.transaction():
            worker = await taking.fetchval("insert into ops.workers (name, pid) values ('x', 0) returning id")
            token = await taking.fetchval(
                "update ops.lanes set token = token + 1, holder = $2 where view = $1 returning token",
                InlineShelves.name,
                worker,
            )
            telling = asyncio.create_task(now.tell((uuid4(), FILLED)))

            async def waits() -> bool:
                return bool(
                    await place.database.writer.fetchval(
                        "select count(*) from pg_stat_activity "
                        "where datname = current_database() and wait_event_type = 'Lock'"
                    )
                )

            await until(waits)
        await telling
        assert await claims(place, *VIEWS) == [2, 2, 2]
        with pytest.raises(LeaseLost):
            await (await place.store(InlineShelves)).save(RowChanges(), Checkpoint(2, 2, token))


async def test_a_worker_that_lost_a_view_to_an_append_follows_it_again_when_it_is_behind(
    place: Place,
) -> None:
    losses = Losses()
    async with inline(place, losses) as now:
        async with place.database.writer.acquire() as connection:
            second = await add_generation(connection, Losses, building=False, served=False)
        following = await place.followed(losses)
        # It looks seldom, so that all of the following lies between two looks.
        async with place.working(following, beat=2.0):
            first = await place.tell((uuid4(), FILLED))

            async def followed() -> bool:
                stands = "select position from ops.lanes where view = $1 and generation = $2 and holder > 0"
                return bool(await place.database.writer.fetchval(stands, losses.name, second) == first)

            await until(followed)
            await cut_over(place.database.owner, [Losses], [second])
            await now.tell((uuid4(), FILLED))
            # Told by a process that keeps no view inline; nothing is to be written for either of them.
            last = await place.tell((uuid4(), FILLED))
            await place.reached(last, losses)
    assert await claims(place, losses)


async def test_what_readers_were_sent_to_is_what_the_next_append_keeps(place: Place) -> None:
    async with inline(place, *VIEWS) as now:
        await now.tell((uuid4(), FILLED))
        async with place.database.writer.acquire() as connection:
            second = await add_generation(connection, InlineJars, building=False, served=True)
        await PostgresStore(InlineJars, place.database.writer, place.database.owner, second).prepare()
        await cut_over(place.database.owner, [InlineJars], [second])
        assert await claims(place, InlineJars()) == [1, 0]
        for last in (2, 3):
            await now.tell((uuid4(), FILLED))
            assert await claims(place, InlineJars()) == [1, last]
            assert len(await place.rows(InlineJars)) == last


async def test_a_connection_that_dies_before_the_commit_leaves_nothing_and_all_is_done_again(
    place: Place,
) -> None:
    hook: Inline = await hooked(place, *VIEWS)
    await hook.catch_up(place.database.writer)
    deaths = iter([False, True, True, False])

    async def dying(connection: Connection, envelopes: Sequence[Envelope]) -> None:
        await hook(connection, envelopes)
        if next(deaths):
            pid = connection.get_server_pid()
            await place.database.writer.execute("select pg_terminate_backend($1, 10_000)", pid)

    log = PostgresLog(place.database, inline=dying)
    now = dataclasses.replace(place, log=log)
    jar = uuid4()
    await now.tell((jar, FILLED))
    assert await now.tell((jar, BROKEN), (uuid4(), FILLED)) == 3
    assert await claims(place, *VIEWS) == [3, 3, 3]
    await log.close()
