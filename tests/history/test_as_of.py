"""Views folded from the log up to a moment: which moment a time means, what is kept, and where it ends."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.kit.execution.errors import ClientError
from api.kit.schema.past_reads import PastReads
from api.kit.schema.row_visibility import RowVisibility, VisibilityRules
from app.contexts import VIEWS
from domain.kit.caller import Caller
from domain.kit.sealed import PlainOpening
from projections.kit.read import as_of
from projections.kit.read.allowance import Spent, TookTooLong, allow, allowed
from projections.kit.read.as_of import InFuture, Past, RowsAsOf, TooMuch, by_stream
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.derived_columns import Derived
from projections.work.projects import ProjectMembers, Projects
from projections.work.stats import UserStats
from projections.work.tasks import Tasks, TaskSearch
from tests.history.reads import NOON, OTHER, Clock, Reads, Unread, Waiting, filled_at, history
from tests.views.conftest import place as place  # The fixture.
from tests.views.place import CODEC, TENANT, Place
from tests.views.toys import Jar, Jars, Shelves


def test_knows_which_views_are_made_of_single_streams() -> None:
    assert [by_stream(view()) for view in (Tasks, TaskSearch, Projects)] == [True] * 3
    assert [by_stream(view()) for view in (ProjectMembers, UserStats, Shelves)] == [False] * 3
    assert len(VIEWS) > 5


async def test_a_time_means_the_last_position_that_says_it_or_less(place: Place) -> None:
    # The clock was set back between the third event and the fourth.
    for minutes in (0, 10, 30, 20, 40):
        await filled_at(place, minutes)
    past = history(place)
    meant = [
        await past.position(TENANT, NOON + timedelta(minutes=minutes))
        for minutes in (-1, 0, 9, 10, 19, 20, 30, 41)
    ]
    assert meant == [0, 1, 1, 2, 2, 4, 4, 5]


async def test_a_time_means_nothing_by_another_tenants_events(place: Place) -> None:
    await filled_at(place, 0)
    await filled_at(place, 10, tenant=OTHER)
    past = history(place)
    assert await past.position(TENANT, NOON + timedelta(minutes=20)) == 1
    assert await past.position(OTHER, NOON) == 0


async def test_what_has_not_come_is_refused(place: Place) -> None:
    await filled_at(place, 0)
    past = history(place)
    for moment in (2, Clock().now() + timedelta(seconds=1)):
        with pytest.raises(InFuture):
            await past.position(TENANT, moment)
    assert await past.position(TENANT, Clock().now()) == 1


async def test_rows_of_many_streams_are_those_of_the_moment(place: Place) -> None:
    jar, past = uuid4(), history(place)
    first = await place.tell((jar, Jar.Filled(name="figs", shelf="top", amount=3)))
    second = await place.tell((jar, Jar.Moved(shelf="low", previous="top", amount=3)))
    last = await place.tell((jar, Jar.Broken(shelf="low")))
    amounts = [
        {key: row.amount for key, row in (await past.all(Shelves, TENANT, at)).rows.items()}
        for at in (last, second, first, 0)
    ]
    whole = {("top", "red"): 3, ("low", "any"): 3, ("top", "any"): -3}
    assert amounts == [{("top", "red"): 3, ("top", "any"): -3}, whole, {("top", "red"): 3}, {}]
    assert await past.rows(Shelves, TENANT, [("low", "any"), ("no", "red")], last) == {}
    found = await past.rows(Shelves, TENANT, [("low", "any"), ("no", "red")], second)
    assert {key: row.amount for key, row in found.items()} == {("low", "any"): 3}
    assert (await past.all(Shelves, OTHER, last)).rows == {}


async def test_rows_of_single_streams_need_no_others(place: Place) -> None:
    jar, log = uuid4(), Reads(place)
    at = await place.tell((jar, Jar.Filled(name="figs", shelf="top", amount=3)))
    await place.tell((jar, Jar.Broken(shelf="low")))
    past = RowsAsOf(log, CODEC, clock=Clock())  # type: ignore[arg-type]
    (row,) = (await past.rows(Jars, TENANT, [(jar,)], at)).values()
    assert (row.id, row.amount) == (jar, 3)
    assert await past.rows(Jars, TENANT, [(jar,)], at + 1) == {}
    assert await past.rows(Jars, OTHER, [(jar,)], at) == {}
    assert log.events == 0


async def test_what_was_folded_once_is_kept_and_gone_on_from(place: Place) -> None:
    log = Reads(place)
    past = RowsAsOf(log, CODEC, clock=Clock())  # type: ignore[arg-type]
    for minutes in range(6):
        await filled_at(place, minutes)
    four = await past.all(Jars, TENANT, 4)
    assert (log.events, len(four.rows)) == (4, 4)
    assert await past.all(Jars, TENANT, 4) is four
    assert len((await past.all(Jars, TENANT, 6)).rows) == 6
    assert (log.events, len(four.rows)) == (6, 4)


async def test_only_so_many_bytes_are_kept(place: Place) -> None:
    for minutes in range(4):
        await filled_at(place, minutes)
    three = (await history(place).all(Jars, TENANT, 3)).size
    log = Reads(place)
    past = RowsAsOf(log, CODEC, clock=Clock(), most_kept=2 * three)  # type: ignore[arg-type]
    await past.all(Jars, TENANT, 3)
    await past.all(Jars, OTHER, 4)
    assert log.events == 3
    await past.all(Jars, TENANT, 4)
    assert log.events == 4
    await past.all(Jars, TENANT, 3)
    assert log.events == 7


async def test_a_long_text_weighs_what_it_takes(place: Place) -> None:
    short = (await history(place).all(Jars, TENANT, await filled_at(place, 0))).size
    last = await place.tell((uuid4(), Jar.Filled(name="🫙" * 1000, shelf="top", amount=1)))
    assert (await history(place).all(Jars, TENANT, last)).size - short > 4_000


async def test_what_is_replaced_weighs_no_more(place: Place) -> None:
    jar = uuid4()
    sizes = [
        (await history(place).all(Jars, TENANT, await place.tell((jar, event)))).size
        for event in (
            Jar.Filled(name="figs", shelf="top", amount=1),
            Jar.Filled(name="f" * 1000, shelf="top", amount=1),
            Jar.Filled(name="figs", shelf="top", amount=1),
        )
    ]
    assert sizes[1] > sizes[0] + 900
    assert sizes[2] == sizes[0]


async def test_a_thing_with_too_long_a_history_is_refused_before_it_is_read(place: Place) -> None:
    jar, name = uuid4(), "f" * 2_000
    await place.tell((jar, Jar.Filled(name=name, shelf="top", amount=1)))
    position = await place.tell((jar, Jar.Filled(name=name, shelf="top", amount=1)))
    assert len(await history(place, most_bytes=10_000).rows(Jars, TENANT, [(jar,)], position)) == 1
    log = Unread(place)
    past = RowsAsOf(log, CODEC, clock=Clock(), most_bytes=4_000)  # type: ignore[arg-type]
    with pytest.raises(TooMuch, match="more than 4,000 bytes"):
        await past.rows(Jars, TENANT, [(jar,)], position)


async def test_a_version_is_found_without_reading_the_others(place: Place) -> None:
    jar = uuid4()
    filled = Jar.Filled(name="figs", shelf="top", amount=1)
    positions = [await place.tell((jar, filled)) for _ in range(3)]
    past = RowsAsOf(Unread(place), CODEC, clock=Clock())  # type: ignore[arg-type]
    assert [await past.position_of(TENANT, jar, version) for version in (1, 2, 3)] == positions
    assert await past.position_of(OTHER, jar, 2) == await past.position_of(TENANT, jar, 0) == 0
    with pytest.raises(InFuture, match="Version 4 does not exist yet; the last one is 3"):
        await past.position_of(TENANT, jar, 4)


async def test_tenants_that_look_back_take_turns(place: Place) -> None:
    for minutes in range(6):
        await filled_at(place, minutes)
    last, done = await filled_at(place, 6, tenant=OTHER), list[UUID]()
    past = RowsAsOf(Waiting(place, 7), CODEC, clock=Clock())  # type: ignore[arg-type]

    async def look(tenant: UUID, position: int) -> None:
        await past.all(Jars, tenant, position)
        done.append(tenant)

    async with asyncio.TaskGroup() as group:
        for position in range(1, 7):
            group.create_task(look(TENANT, position))
        group.create_task(look(OTHER, last))
    # The other one waits for no more than the look that is under way, and may even be done before it.
    assert done.index(OTHER) <= 1
    assert len(done) == 7


async def test_the_rows_of_the_past_are_there_once_for_each_tenant_and_paid_for(place: Place) -> None:
    for minutes in range(3):
        await filled_at(place, minutes)
    past = await history(place).all(Jars, TENANT, 3)
    rows, there, most = PostgresRows(place.database, Only(1)), 0, 0

    class Counted(Past[Any]):
        def json(self, columns: Sequence[Derived] = ()) -> str:
            nonlocal there, most
            there += 1
            most = max(most, there)
            return super().json(columns)

    counted = Counted(past.rows, past.position, past.events, past.size)

    async def count() -> int:
        nonlocal there
        found = await rows.count(Jars, TENANT, past=counted)
        there -= 1
        return found

    assert await asyncio.gather(*(count() for _ in range(5))) == [3] * 5
    assert most == 1
    allow(len(past.json()))
    with pytest.raises(Spent):
        await rows.count(Jars, TENANT, past=past)


async def test_what_was_is_folded_in_the_time_of_who_asks(place: Place) -> None:
    jar, past = uuid4(), history(place)
    last = await place.tell((jar, Jar.Filled(name="figs", shelf="top", amount=3)))
    with allowed(1_000_000, seconds=0):
        for look in (past.all(Shelves, TENANT, last), past.rows(Jars, TENANT, [(jar,)], last)):
            with pytest.raises(TookTooLong):
                await look
    assert (await past.all(Shelves, TENANT, last)).events == 1


async def test_a_look_that_took_too_long_gets_further_when_it_is_asked_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("_PAGE", 2), ("_SLICE", 1)):
        monkeypatch.setattr(as_of, name, size)
    jar = uuid4()
    await place.tell((jar, Jar.Filled(name="figs", shelf="top", amount=3)))
    for number in range(4):
        await place.tell((jar, Jar.Moved(shelf=str(number), previous="top", amount=3)))
    last, past = await place.tell((jar, Jar.Broken(shelf="3"))), history(place)
    # Each time it is out of time at once: what a part of a page takes is the least that it gets further.
    with allowed(1_000_000, seconds=0):
        for _ in range(6):
            with pytest.raises(TookTooLong):
                await past.all(Shelves, TENANT, last)
        found = await past.all(Shelves, TENANT, last)
    assert found == await history(place).all(Shelves, TENANT, last)


@pytest.mark.parametrize(
    ("limits", "limit", "what"),
    [
        ({"most_events": 2}, 2, "2 events"),
        ({"most_rows": 2}, 2, "2 rows"),
        ({"most_bytes": 3_500}, 3_500, "3,500 bytes"),
    ],
)
async def test_more_than_the_limit_is_refused_by_name(
    place: Place, limits: dict[str, int], limit: int, what: str
) -> None:
    for minutes in range(3):
        await filled_at(place, minutes)
    past = history(place, **limits)
    assert len((await past.all(Jars, TENANT, 2)).rows) == 2
    with pytest.raises(TooMuch, match=f"toys.jars as of then is made of more than {what}") as refused:
        await past.all(Jars, TENANT, 3)
    assert refused.value.limit == limit


async def test_a_client_is_told_of_the_limit(place: Place) -> None:
    for minutes in range(3):
        await filled_at(place, minutes)
    rows, opening = PostgresRows(place.database, Only(1)), PlainOpening()
    everything = RowVisibility(VisibilityRules(), rows, Caller(tenant_id=TENANT, user_id=TENANT))
    looking = PastReads(history(place, most_rows=2), rows, TENANT, everything, opening)
    with pytest.raises(ClientError) as refused:
        await looking.all(Jars, 3)
    assert refused.value.extensions == {"code": "LIMIT_EXCEEDED", "limit": 2}
