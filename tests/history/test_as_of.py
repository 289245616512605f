"""Views folded from the log up to a moment: which moment a time means, what is kept, and where it ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.kit.errors import ClientError
from api.kit.looking_back import LookingBack
from api.kit.seeing import Seeing, Sights
from app.contexts import VIEWS
from domain.kit.caller import Caller
from domain.kit.log import Envelope, Receipt, Selection
from domain.kit.sealed import PlainOpening
from projections.kit.as_of import AsOf, InFuture, TooMuch, by_stream
from projections.kit.live import Only
from projections.kit.rows import Rows
from projections.work.projects import ProjectMembers, Projects
from projections.work.stats import UserStats
from projections.work.tasks import Tasks, TaskSearch
from tests.views.conftest import place as place  # The fixture.
from tests.views.place import CODEC, TENANT, Place
from tests.views.toys import Jar, Jars, Shelves

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OTHER = UUID(int=8)


class Clock:
    """A day after noon."""

    def now(self) -> datetime:
        return NOON + timedelta(days=1)


class Reads:
    """The log of a place, and how many events were read from it."""

    def __init__(self, place: Place) -> None:
        self._log = place.log
        self.events = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def read(self, *, after: int, until: int, limit: int, select: Selection) -> Sequence[Envelope]:
        page = await self._log.read(after=after, until=until, limit=limit, select=select)
        self.events += len(page)
        return page


def history(place: Place, **limits: int) -> AsOf:
    return AsOf(place.log, CODEC, clock=Clock(), **limits)


async def told(place: Place, minutes: int, *, tenant: UUID = TENANT) -> int:
    """The position of a new jar, filled so many minutes after noon."""
    command = place.command((uuid4(), Jar.Filled(name="figs", shelf="top", amount=1)), tenant=tenant)
    events = tuple(replace(one, timestamp=NOON + timedelta(minutes=minutes)) for one in command.events)
    outcome = await place.log.append(replace(command, events=events))
    assert isinstance(outcome, Receipt)
    return outcome.last


def test_knows_which_views_are_made_of_single_streams() -> None:
    assert [by_stream(view()) for view in (Tasks, TaskSearch, Projects)] == [True] * 3
    assert [by_stream(view()) for view in (ProjectMembers, UserStats, Shelves)] == [False] * 3
    assert len(VIEWS) > 5


async def test_a_time_means_the_last_position_that_says_it_or_less(place: Place) -> None:
    # The clock was set back between the third event and the fourth.
    for minutes in (0, 10, 30, 20, 40):
        await told(place, minutes)
    past = history(place)
    meant = [
        await past.position(TENANT, NOON + timedelta(minutes=one)) for one in (-1, 0, 9, 10, 19, 20, 30, 41)
    ]
    assert meant == [0, 1, 1, 2, 2, 4, 4, 5]


async def test_a_time_means_nothing_by_another_tenants_events(place: Place) -> None:
    await told(place, 0)
    await told(place, 10, tenant=OTHER)
    past = history(place)
    assert await past.position(TENANT, NOON + timedelta(minutes=20)) == 1
    assert await past.position(OTHER, NOON) == 0


async def test_what_has_not_come_is_refused(place: Place) -> None:
    await told(place, 0)
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
    past = AsOf(log, CODEC, clock=Clock())  # type: ignore[arg-type]
    (row,) = (await past.rows(Jars, TENANT, [(jar,)], at)).values()
    assert (row.id, row.amount) == (jar, 3)
    assert await past.rows(Jars, TENANT, [(jar,)], at + 1) == {}
    assert await past.rows(Jars, OTHER, [(jar,)], at) == {}
    assert log.events == 0


async def test_what_was_folded_once_is_kept_and_gone_on_from(place: Place) -> None:
    log = Reads(place)
    past = AsOf(log, CODEC, clock=Clock())  # type: ignore[arg-type]
    for minutes in range(6):
        await told(place, minutes)
    four = await past.all(Jars, TENANT, 4)
    assert (log.events, len(four.rows)) == (4, 4)
    assert await past.all(Jars, TENANT, 4) is four
    assert len((await past.all(Jars, TENANT, 6)).rows) == 6
    assert (log.events, len(four.rows)) == (6, 4)


async def test_only_so_many_rows_are_kept(place: Place) -> None:
    log = Reads(place)
    past = AsOf(log, CODEC, clock=Clock(), most_kept=6)  # type: ignore[arg-type]
    for minutes in range(4):
        await told(place, minutes)
    await past.all(Jars, TENANT, 3)
    await past.all(Jars, OTHER, 4)
    assert log.events == 3
    await past.all(Jars, TENANT, 4)
    assert log.events == 4
    await past.all(Jars, TENANT, 3)
    assert log.events == 7


@pytest.mark.parametrize(("limits", "what"), [({"most_events": 2}, "2 events"), ({"most_rows": 2}, "2 rows")])
async def test_more_than_the_limit_is_refused_by_name(
    place: Place, limits: dict[str, int], what: str
) -> None:
    for minutes in range(3):
        await told(place, minutes)
    past = history(place, **limits)
    assert len((await past.all(Jars, TENANT, 2)).rows) == 2
    with pytest.raises(TooMuch, match=f"toys.jars as of then is made of more than {what}") as refused:
        await past.all(Jars, TENANT, 3)
    assert refused.value.limit == 2


async def test_a_client_is_told_of_the_limit(place: Place) -> None:
    for minutes in range(3):
        await told(place, minutes)
    rows, opening = Rows(place.database, Only(1)), PlainOpening()
    everything = Seeing(Sights(), rows, Caller(tenant_id=TENANT, user_id=TENANT))
    looking = LookingBack(history(place, most_rows=2), rows, TENANT, everything, opening)
    with pytest.raises(ClientError) as refused:
        await looking.all(Jars, 3)
    assert refused.value.extensions == {"code": "LIMIT_EXCEEDED", "limit": 2}
