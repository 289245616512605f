"""Rollups: the same counts as by brute force, in whatever pages, also with a rebuild in the middle."""

import math
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace as changed
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from app.embedded.postgres import Postgres
from domain.kit.events import Event
from domain.kit.log import AppendReceipt
from domain.kit.scenario import on
from projections.kit.declare.folds import Distinct, EventField, FoldValue, Percentiles, Sum
from projections.kit.declare.partitions import ByTime, Span
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.rollups import Bucket, Every, rolled
from projections.kit.declare.row import Row
from projections.kit.declare.sketches import Spread, UniqueCount
from projections.kit.rebuild.model import RebuildState
from tests.kit.folding import folded
from tests.kit.servers import fresh_database
from tests.rebuild.rebuilding import House
from tests.views.place import TENANT, opened
from tests.views.toys import Jar

OTHER = UUID(int=8)
ZONE = "Europe/Prague"
NOW = datetime.now(UTC)


class FilledRow(Row):
    """What was filled, on a day."""

    id: UUID
    day: date
    shelf: str | None = None
    jars: int = 0
    amount: int = 0
    heavy: int = 0
    names: UniqueCount = UniqueCount()
    amounts: Spread = Spread()


class Filled(PostgresView[FilledRow], name="toys.filled"):
    """What was filled, by the day in Prague: on each shelf, and in all."""

    partitions = ByTime("day", every=Span.MONTH, days=400)
    filled = rolled(
        Jar.Filled,
        into=Bucket("day", Every.DAY, zone=ZONE),
        by=[{}, {"shelf": EventField("shelf")}],
        jars=1,
        amount=Sum("amount"),
        heavy=Sum(FoldValue("int(event.amount > 500)", int)),
        names=Distinct("name"),
        amounts=Percentiles("amount"),
    )


@pytest.fixture
async def house(postgres: Postgres) -> AsyncIterator[House]:
    async with fresh_database(postgres) as url, opened(url) as place:
        yield House(place, (Filled(),))


Told = tuple[UUID, datetime, Jar.Filled]


def happening(random: Random, count: int) -> list[Told]:
    """What happens in two tenants in some days."""
    return [
        (
            random.choice((TENANT, TENANT, OTHER)),
            NOW - timedelta(minutes=random.randrange(4 * 24 * 60)),
            Jar.Filled(
                name=f"jar {random.randrange(400)}",
                shelf=random.choice("abc"),
                amount=random.randrange(1, 1000),
            ),
        )
        for _ in range(count)
    ]


async def append(house: House, told: list[Told]) -> None:
    for tenant, at, event in told:
        command = house.place.command((uuid4(), event), tenant=tenant)
        events = tuple(changed(each, timestamp=at) for each in command.events)
        assert isinstance(await house.place.log.append(changed(command, events=events)), AppendReceipt)


async def agrees(house: House, generation: int, told: list[Told]) -> None:
    """The rows say what counting one by one says."""
    jars = Counter[tuple[UUID, date, str | None]]()
    amounts: dict[tuple[UUID, date, str | None], list[int]] = defaultdict(list)
    names: dict[tuple[UUID, date, str | None], set[str]] = defaultdict(set)
    for tenant, at, event in told:
        for shelf in (None, event.shelf):
            key = tenant, at.astimezone(ZoneInfo(ZONE)).date(), shelf
            jars[key] += 1
            amounts[key].append(event.amount)
            names[key].add(event.name)
    rows = await house.all(house.views[0], generation)
    found = {(tenant, row.day, row.shelf): row for (tenant, _), row in rows.items()}
    assert len(found) == len(rows)
    assert {key: row.jars for key, row in found.items()} == jars
    for key, row in found.items():
        values = sorted(amounts[key])
        assert (row.amount, row.heavy) == (sum(values), sum(value > 500 for value in values))
        different = len(names[key])
        assert (
            row.names.count == different if different <= 256 else abs(row.names.count / different - 1) < 0.1
        )
        for part in (0.5, 0.95, 1):
            exact = values[math.ceil(part * len(values)) - 1]
            assert row.amounts.percentile(part) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_rollups_say_what_counting_says_also_with_a_rebuild_in_the_middle(
    house: House, seed: int
) -> None:
    random = Random(seed)
    told = happening(random, 150)
    async with house.working():
        await append(house, told[:60])
        asked = await house.rebuilds.ask([Filled.name], by="test")
        await append(house, told[60:])
        done = await house.ended(asked)
        assert done.state is RebuildState.SWITCHED, done
        await house.followed()
    await agrees(house, 1, told)
    await agrees(house, 2, told)


async def test_a_bucket_is_written_once_for_a_page(house: House) -> None:
    told = happening(Random(4), 40)
    await append(house, told)
    await house.enroll()
    store = house.store(house.views[0], 1)
    written: list[int] = []
    save = store.save

    async def counted(changes, checkpoint, after=None):  # type: ignore[no-untyped-def]
        written.append(len(changes))
        await save(changes, checkpoint, after)

    store.save = counted  # type: ignore[method-assign]
    async with house.working(rebuilding=False):
        await house.followed()
    rows = len(await house.all(house.views[0], 1))
    assert sum(written) < rows + 12 * sum(1 for count in written if count) <= 2 * len(told)


def at(event: Event, time: datetime) -> Event:
    """The event, at this time."""
    object.__setattr__(event, "timestamp", time)
    return event


def test_the_days_of_a_zone_have_23_or_25_hours() -> None:
    bucket = Bucket("day", Every.DAY, zone=ZONE)
    event = Jar.Filled(name="a", shelf="b", amount=1)

    def of(time: datetime) -> date:
        return bucket.of(at(event, time))

    for first, hours in (
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
    ):
        last = first + timedelta(hours=hours, microseconds=-1)
        assert of(first) == of(last)
        assert of(first - timedelta(microseconds=1)) < of(first) < of(last + timedelta(microseconds=1))


def test_the_hour_that_comes_twice_is_two_buckets() -> None:
    bucket = Bucket("hour", Every.HOUR, zone=ZONE)
    event = Jar.Filled(name="a", shelf="b", amount=1)
    hours = [bucket.of(at(event, datetime(2026, 10, 25, hour, 30, tzinfo=UTC))) for hour in (0, 1, 2)]
    assert hours == [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1, 2)]


@pytest.mark.parametrize("different", [0, 1, 256, 257, 5_000, 100_000])
def test_different_values_are_counted_whatever_their_order(different: int) -> None:
    values = [*range(different), *range(0, different, 3)]
    counts = []
    for seed in (1, 2):
        Random(seed).shuffle(values)
        unique = UniqueCount()
        for value in values:
            unique = unique.plus(value)
        counts.append(unique)
    assert counts[0] == counts[1]
    assert counts[0].plus(None) is counts[0]
    assert counts[0].count == (different if different <= 256 else pytest.approx(different, rel=0.06))


def test_percentiles_of_nothing_of_zeros_and_of_giants() -> None:
    assert Spread().percentile(0.95) is None
    assert Spread().plus(None) == Spread()
    assert Spread().plus(0).plus(-3.5).percentile(1) == 0
    giants = Spread().plus(1e300).plus(1e14)
    assert giants.percentile(1) is not None
    assert Spread().plus(299.9).percentile(0.95) == pytest.approx(300, rel=0.03)


def test_what_does_not_fit_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="has no field 'place'"):

        class NoPlace(PostgresView[FilledRow], name="toys.no_place"):
            filled = rolled(Jar.Filled, into=Bucket("day", Every.DAY), by={"place": "here"}, jars=1)

    with pytest.raises(TypeError, match="day is to be a datetime"):

        class NoHour(PostgresView[FilledRow], name="toys.no_hour"):
            filled = rolled(Jar.Filled, into=Bucket("day", Every.HOUR), jars=1)


def test_rows_fold_without_a_store() -> None:
    rows = folded(Filled(), on(TENANT, Jar.Filled(name="a", shelf="top", amount=3)))
    assert sorted((row.shelf or "", row.amount) for row in rows.values()) == [("", 3), ("top", 3)]
