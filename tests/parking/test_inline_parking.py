"""Views that appends keep: a stream that cannot be folded is parked in the append, and no command suffers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from app.log.postgres import PostgresLog
from projections.kit.declare.postgres import PostgresView
from projections.kit.follow.inline import Inline
from tests.parking.fragile import POISON, InlineDiary, InlineTally
from tests.parking.yard import Yard, filled, row_of, taken
from tests.views.place import CODEC, Place

BAD = 13


@dataclass
class Appending:
    """A place whose appends keep views."""

    place: Place
    inline: Inline

    async def answer(self) -> int:
        """Do what operators asked."""
        return await self.inline.answer(self.place.database.writer)


@asynccontextmanager
async def appending(yard: Yard, *views: PostgresView[Any], reach: int = 2000) -> AsyncIterator[Appending]:
    """A process that appends."""
    place = yard.place
    stores = {view.name: await place.store(type(view)) for view in views}
    inline = Inline(views, CODEC, lambda view, generation: stores[view.name], reach=reach)
    await inline.catch_up(place.database.writer)
    log = PostgresLog(place.database, inline=inline)
    try:
        yield Appending(replace(place, log=log), inline)
    finally:
        await log.close()


async def diaries(yard: Yard, *jars: UUID) -> list[tuple[int, ...]]:
    rows = await yard.rows(InlineDiary, [row_of(jar) for jar in jars])
    return [rows[row_of(jar)].amounts for jar in jars if row_of(jar) in rows]


async def test_an_append_parks_what_it_cannot_fold_and_goes_on(yard: Yard) -> None:
    POISON.add(BAD)
    bad, good = uuid4(), uuid4()
    async with appending(yard, InlineDiary(), InlineTally()) as now:
        await now.place.tell(filled(bad, 1), filled(good, 2), taken(bad, BAD), taken(bad, 3), taken(good, 4))
        await now.place.tell(taken(bad, 5), taken(good, 6))
    # Another process learns it from the record.
    async with appending(yard, InlineDiary(), InlineTally()) as now:
        await now.place.tell(taken(bad, 7), taken(good, 8))
    assert await diaries(yard, bad, good) == [(1,), (2, 4, 6, 8)]
    parked = await yard.parked.list()
    assert [
        (stream.view, stream.stream, stream.position, stream.attempts, stream.waiting) for stream in parked
    ] == [
        (InlineDiary.name, bad, 3, 1, 4),
        (InlineTally.name, bad, 3, 1, 4),
    ]
    status = await yard.place.status(InlineDiary)
    assert (status.position, status.complete, status.parked, status.errors) == (9, True, 1, 1)


async def test_a_retry_gives_the_rows_of_a_fresh_fold_while_others_append(yard: Yard) -> None:
    POISON.add(BAD)
    bad = [uuid4() for _ in range(5)]
    async with (
        appending(yard, InlineDiary(), InlineTally()) as site,
        appending(yard, InlineDiary(), InlineTally()) as neighbour,
    ):
        await site.place.tell(*(filled(jar, BAD) for jar in bad))
        POISON.clear()
        for view in (InlineDiary, InlineTally):
            assert await yard.parked.retry(view.name) == 5
        *_, first, second = await asyncio.gather(
            *(site.place.tell(taken(jar, 2)) for jar in bad),
            *(neighbour.place.tell(filled(uuid4(), 3)) for _ in range(20)),
            site.answer(),
            neighbour.answer(),
        )
        assert first + second == 10
    assert await yard.parked.list() == []
    await yard.is_as_fresh(InlineDiary)
    await yard.is_as_fresh(InlineTally)


async def test_a_retry_that_fails_again_stays_parked(yard: Yard) -> None:
    POISON.update((BAD, 14))
    bad = uuid4()
    async with appending(yard, InlineDiary()) as now:
        await now.place.tell(filled(bad, BAD), taken(bad, 1), taken(bad, 14), taken(bad, 2))
        POISON.discard(BAD)
        await yard.parked.retry(None)
        assert await now.answer() == 1
        assert await diaries(yard, bad) == [(BAD, 1)]
        (stream,) = await yard.parked.list()
        assert (stream.position, stream.attempts, stream.asked) == (3, 2, None)


async def test_a_discard_leaves_out_what_waits_and_folds_what_comes(yard: Yard) -> None:
    POISON.add(BAD)
    bad = uuid4()
    async with appending(yard, InlineDiary()) as now:
        await now.place.tell(filled(bad, 1), taken(bad, BAD), taken(bad, 2))
        await yard.parked.discard(InlineDiary.name, bad, "a test jar")
        await now.place.tell(taken(bad, 3))
        while await now.answer():
            pass
        await now.place.tell(taken(bad, 4))
        assert await diaries(yard, bad) == [(1, 3, 4)]
    assert await yard.parked.list() == []
    await yard.is_as_fresh(InlineDiary, without=(2, 3))


async def test_what_a_worker_parked_in_a_refill_is_left_out_by_appends(yard: Yard) -> None:
    POISON.add(BAD)
    bad = uuid4()
    for _ in range(10):
        await yard.place.tell(filled(uuid4(), 1))
    await yard.place.tell(filled(bad, 1), taken(bad, BAD))
    diary = await yard.followed(InlineDiary)
    async with yard.place.working([diary]):
        await yard.reached(12, diary.view)
    POISON.clear()
    async with appending(yard, InlineDiary(), reach=7) as now:
        await now.place.tell(taken(bad, 2))
        assert await diaries(yard, bad) == [(1,)]
        await yard.parked.retry(InlineDiary.name, bad)
        assert await now.answer() == 1
    await yard.is_as_fresh(InlineDiary)
