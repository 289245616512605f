"""Followers: live, in batch and with everything delivered twice they make the same rows; they fail visibly."""

import asyncio
from collections.abc import Awaitable, Collection
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kit.events import Event
from projections.kit.backoff import Backoff
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.follow.follower import ViewFollower
from projections.kit.follow.lane import Lane, Parking
from projections.kit.follow.leases import register, survey, take
from projections.kit.follow.pages import LogEntry, LogGap, LogSource, Passing, fresh
from projections.kit.follow.parking import OpsParking
from projections.kit.read.status import ViewState, views_status
from projections.kit.store.store import LeaseLost
from tests.views.place import CODEC, TENANT, Followed, Place, until
from tests.views.toys import Colour, Jar, Jars, ShelfRow, Shelves

SHELVES = ("top", "middle", "low")
OTHER = UUID(int=8)


class Twice:
    """A source that delivers in pages of three which overlap, so that each event comes two or three times."""

    read_at = 0.0

    def __init__(self, entries: list[LogEntry]) -> None:
        self.entries = entries
        self.head = len(entries)

    async def after(self, position: int, *, wait: float, passing: object = None) -> list[LogEntry]:
        if position >= self.head:
            await asyncio.sleep(0)
            return []
        start = max(position - 2, 0)
        page = self.entries[start : position + 1]
        return (
            page + self.entries[start : position + 2] if position % 2 else self.entries[start : position + 3]
        )

    def event(self, entry: LogEntry) -> Event:
        return CODEC.decode(entry.envelope)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[UUID, UUID, Event]]:
    """What may happen to a few jars of two tenants, in order; jars of both have the same ids."""
    history: list[tuple[UUID, UUID, Event]] = []
    where: dict[tuple[UUID, UUID], str | None] = {}
    for _ in range(draw(st.integers(1, 25))):
        tenant, jar = draw(st.sampled_from([TENANT, OTHER])), UUID(int=draw(st.integers(1, 3)))
        shelf = where.get((tenant, jar), "")
        if shelf is None:
            continue
        to, amount = draw(st.sampled_from(SHELVES)), draw(st.integers(0, 9))
        if shelf == "":
            event: Event = Jar.Filled(name="a", shelf=to, amount=amount, colour=draw(st.sampled_from(Colour)))
            where[tenant, jar] = to
        else:
            event = draw(
                st.sampled_from(
                    [
                        Jar.Moved(shelf=to, previous=shelf, amount=amount),
                        Jar.Taken(shelf=shelf, amount=amount),
                        Jar.Broken(shelf=shelf),
                        Jar.Dusted(),
                    ]
                )
            )
            if isinstance(event, Jar.Moved):
                where[tenant, jar] = to
            elif isinstance(event, Jar.Broken):
                where[tenant, jar] = None
        history.append((tenant, jar, event))
    return history


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
async def test_live_batch_and_twice_make_the_same_rows(
    place: Place, history: list[tuple[UUID, UUID, Event]]
) -> None:
    views: list[PostgresView[Any]] = [Jars(), Shelves()]
    start = await place.log.head()
    # The log only grows, so each example has streams of its own.
    renamed = {jar: uuid4() for _, jar, _ in history}
    live = await place.followed(*views)
    async with place.working(live):
        for tenant, jar, event in history:
            await place.tell((renamed[jar], event), tenant=tenant)
        await place.reached(start + len(history), *views)
    followed = await _all_rows(place)
    sources: tuple[LogSource, ...] = (
        place.pages,
        Twice([LogEntry(event) for event in await place.log.read(limit=10_000)]),
    )
    for source in sources:
        for lane in live:
            await lane.store.drop()
            await lane.store.prepare()
            await _fold_all(place, lane, source)
        assert await _all_rows(place) == followed


async def test_an_event_that_touches_nothing_moves_the_view(place: Place) -> None:
    jars = Jars()
    async with place.working(await place.followed(jars)):
        last = await place.tell((uuid4(), Jar.Dusted()))
        await place.reached(last, jars)
    status = await place.status(Jars)
    assert (status.position, status.folded, status.complete) == (1, 1, True)


async def test_a_reader_sleeps_through_what_does_not_concern_it(place: Place) -> None:
    """And knows how far it is; what comes while it is woken is in the page. Who waits for anything is woken."""
    head, told = await place.tell((uuid4(), Jar.Dusted())), list[tuple[int, int]]()
    await until(lambda: _read(place, head))
    passing = Passing({Jar.Broken.stored_as}, lambda *where: told.append(where))
    asleep = asyncio.create_task(place.pages.after(head, wait=60, passing=passing))
    ahead = asyncio.create_task(place.pages.after(head + 3, wait=60, passing=passing))
    (anything,) = await _page(place, place.pages.after(head, wait=60), Jar.Dusted())
    assert anything.envelope.position == head + 1
    await _page(place, place.pages.after(head + 1, wait=60), Jar.Dusted())
    assert told == [(head + 1, 1), (head + 2, 1)]
    assert not asleep.done()
    await place.tell((uuid4(), Jar.Broken(shelf="top")), (uuid4(), Jar.Dusted()))
    assert [entry.envelope.position for entry in await asleep] == [head + 3, head + 4]
    assert [entry.envelope.position for entry in await ahead] == [head + 4]
    assert await place.pages.after(head + 4, wait=0.01, passing=passing) == []


async def _read(place: Place, position: int) -> bool:
    return place.pages.head == position


async def _page(place: Place, after: Awaitable[list[LogEntry]], event: Event) -> list[LogEntry]:
    waiting = asyncio.ensure_future(after)
    await asyncio.sleep(0)
    await place.tell((uuid4(), event))
    return await waiting


async def test_a_failing_fold_parks_its_stream_in_its_view_and_in_no_other(place: Place) -> None:
    jar = uuid4()

    class Fragile(Shelves, PostgresView[ShelfRow], name="toys.fragile", key=("shelf", "colour")):
        """Shelves that cannot carry more than 9."""

        limit = 9

        @on(Jar.Filled, by=lambda event, _: (event.shelf, event.colour))
        def filled(self, row: ShelfRow | None, event: Jar.Filled, key: tuple[str, str]) -> ShelfRow:
            if event.amount > self.limit:
                raise ArithmeticError("too much")
            return super().filled(row, event, key)

    fragile, jars = Fragile(), Jars()
    async with place.working(await place.followed(fragile, jars)):
        await place.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=3)))
        last = await place.tell(
            (uuid4(), Jar.Filled(name="b", shelf="top", amount=4)),
            (jar, Jar.Filled(name="c", shelf="top", amount=10)),
            (uuid4(), Jar.Filled(name="d", shelf="top", amount=5)),
        )
        await place.reached(last, fragile, jars)
    status = await place.status(Fragile)
    assert (status.error, status.folded, status.complete) == (None, last, True)
    assert [row["amount"] for row in await place.rows(Fragile)] == [12]
    parked = await place.database.writer.fetch("select view, stream, position, attempts from ops.parked")
    assert [tuple(row) for row in parked] == [("toys.fragile", jar, 3, 3)]


async def test_a_lost_table_is_refilled_by_itself(place: Place) -> None:
    jars = Jars()
    followed = await place.followed(jars)
    async with place.working(followed):
        last = await place.tell(*((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)) for _ in range(50)))
        await place.reached(last, jars)
        await followed[0].store.drop()

        async def refilled() -> bool:
            # The new table and the position 0 come in one transaction, so the table is asked for first:
            # asked for last, it could be there while the position is still that of the old one.
            if not await place.database.writer.fetchval("select to_regclass('toys.jars') is not null"):
                return False
            status = await place.status(Jars)
            return status.position == last and status.state is ViewState.FOLLOWING

        await until(refilled)
        assert await followed[0].store.count() == 50
        assert (await place.status(Jars)).complete


async def test_a_view_that_is_being_refilled_says_so(place: Place) -> None:
    await place.tell(*((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)) for _ in range(5)))
    await place.store(Jars)
    await place.database.writer.execute("update ops.lanes set holder = null, read_at = clock_timestamp()")
    async with place.working([]):
        assert (await place.status(Jars)).lag_events == 5
        assert (await place.status(Jars)).position < 5


async def test_refuses_a_page_with_a_gap(place: Place) -> None:
    for _ in range(3):
        await place.tell((uuid4(), Jar.Dusted()))
    entries = [LogEntry(event) for event in await place.log.read(limit=10)]
    with pytest.raises(LogGap):
        fresh(0, [entries[0], entries[2]])


async def test_survives_the_loss_of_every_connection(place: Place) -> None:
    jars = Jars()
    async with place.working(await place.followed(jars)):
        await place.reached(await place.tell((uuid4(), Jar.Filled(name="a", shelf="x", amount=1))), jars)
        owner = await place.database.owner()
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
        await owner.close()
        await place.reached(await place.tell((uuid4(), Jar.Filled(name="b", shelf="x", amount=1))), jars)
    assert len(await place.rows(Jars)) == 2


async def _fold_all(place: Place, followed: Followed, source: LogSource) -> None:
    """Fold the whole log into a view without a worker."""
    connection = await place.database.connect()
    try:
        await register(connection, "test")
        (standing,) = await survey(connection, [(followed.view.name, 1)], 60)
        taken = await take(connection, standing, 0)
        assert taken is not None
        lane = Lane(id=standing.id, view=followed.view.name, generation=1, token=taken.token)
        quick, silence = Backoff(0.01, 0.1), Silence(OpsParking(place.database.writer))
        follower = ViewFollower(
            followed.view, followed.store, source, lane, silence, failing=quick, waiting=quick
        )
        task = asyncio.create_task(follower.run())
        head = await place.log.head()

        async def done() -> bool:
            return lane.position == head or task.done()

        await until(done)
        follower.stop()
        await task
        assert lane.folded == head
    finally:
        await connection.close()


class Silence:
    """A ledger that nobody reads."""

    def __init__(self, parking: Parking) -> None:
        self.parking = parking

    async def lost(self, lane: Lane, view: View[Any], tenants: Collection[UUID]) -> bool:
        return False

    async def restart(self, lane: Lane) -> None:
        raise LeaseLost

    async def rewind(self, lane: Lane, checkpoint: object) -> None: ...


async def _all_rows(place: Place) -> list[list[Any]]:
    found: list[list[Any]] = []
    for tenant in (TENANT, OTHER):
        for view in (Jars, Shelves):
            found.append([tuple(row) for row in await place.rows(view, tenant)])
    assert await views_status(place.database.writer)
    return found
