"""Inline views: in the append's transaction or not at all, and never behind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from app.log.postgres import PostgresLog
from app.storage.database import Connection
from domain.kit.log import Envelope
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.follow.inline import Inline
from projections.kit.store.postgres_store import PostgresStore
from tests.views.place import CODEC, Place, until
from tests.views.toys import Jar, JarRow, Jars, ShelfRow, Shelves


class InlineJars(Jars, PostgresView[JarRow], name="toys.jars", inline=True):
    """Jars, at once."""


class InlineShelves(
    Shelves, PostgresView[ShelfRow], name="toys.shelves", key=("shelf", "colour"), inline=True
):
    """Shelves, at once."""


class Careful(
    InlineShelves, PostgresView[ShelfRow], name="toys.careful", key=("shelf", "colour"), inline=True
):
    """Shelves that cannot carry more than 9."""

    @on(Jar.Filled, by=lambda event, _: (event.shelf, event.colour))
    def filled(self, row: ShelfRow | None, event: Jar.Filled, key: tuple[str, str]) -> ShelfRow:
        if event.amount > 9:
            raise ArithmeticError("too much")
        return super().filled(row, event, key)


async def hooked(place: Place, *views: PostgresView[Any], reach: int = 2000) -> Inline:
    """What folds these views inside appends."""
    for view in views:
        await place.store(type(view))

    def store(view: PostgresView[Any], generation: int) -> PostgresStore[Any]:
        return PostgresStore(type(view), place.database.writer, place.database.owner, generation)

    return Inline(views, CODEC, store, reach=reach)


@asynccontextmanager
async def inline(place: Place, *views: PostgresView[Any], reach: int = 2000) -> AsyncIterator[Place]:
    """The place with a log whose appends fold these views."""
    hook = await hooked(place, *views, reach=reach)
    await hook.catch_up(place.database.writer)
    log = PostgresLog(place.database, inline=hook)
    try:
        yield replace(place, log=log)
    finally:
        await log.close()


async def test_a_row_is_there_when_the_append_returns(place: Place) -> None:
    async with inline(place, InlineJars(), InlineShelves()) as now:
        jar = uuid4()
        await now.tell((jar, Jar.Filled(name="a", shelf="top", amount=3)))
        await now.tell((jar, Jar.Moved(shelf="low", previous="top", amount=3)), (jar, Jar.Dusted()))
        assert [row["shelf"] for row in await place.rows(InlineJars)] == ["low"]
        assert [row["amount"] for row in await place.rows(InlineShelves)] == [3, -3, 3]
    status = await place.status(InlineJars)
    assert (status.position, status.folded, status.complete, status.last_read_age) == (3, 3, True, None)


async def test_many_appends_at_once_fold_every_event_once(place: Place) -> None:
    async with (
        inline(place, InlineJars(), InlineShelves()) as first,
        inline(place, InlineJars(), InlineShelves()) as second,
    ):
        await asyncio.gather(
            *(
                log.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
                for _ in range(100)
                for log in (first, second)
            )
        )
        assert len(await place.rows(InlineJars)) == 200
        assert [row["amount"] for row in await place.rows(InlineShelves)] == [200]


async def test_a_fold_that_fails_parks_its_stream_and_no_command_suffers(place: Place) -> None:
    async with inline(place, InlineJars(), Careful()) as now:
        await now.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=3)))
        bad = uuid4()
        await now.tell(
            (bad, Jar.Filled(name="b", shelf="top", amount=10)),
            (uuid4(), Jar.Filled(name="c", shelf="top", amount=4)),
        )
        assert len(await place.rows(InlineJars)) == 3
        assert [row["amount"] for row in await place.rows(Careful)] == [7]
    parked = await place.database.writer.fetch("select view, stream, position, attempts from ops.parked")
    assert [tuple(row) for row in parked] == [("toys.careful", bad, 2, 1)]
    assert (await place.status(Careful)).complete


async def test_a_fault_after_the_folds_leaves_nothing_of_them(place: Place) -> None:
    hook = await hooked(place, InlineJars())
    faults = iter([False, True, False])

    async def breaking(connection: Connection, envelopes: Sequence[Envelope]) -> None:
        await hook(connection, envelopes)
        if next(faults):
            raise OverflowError("a fault between fold and commit")

    log = PostgresLog(place.database, inline=breaking)
    now = replace(place, log=log)
    await now.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=3)))
    with pytest.raises(OverflowError):
        await now.tell((uuid4(), Jar.Filled(name="b", shelf="top", amount=3)))
    assert [row["name"] for row in await place.rows(InlineJars)] == ["a"]
    assert (await place.log.head(), (await place.status(InlineJars)).position) == (1, 1)
    await now.tell((uuid4(), Jar.Filled(name="c", shelf="top", amount=3)))
    assert sorted(row["name"] for row in await place.rows(InlineJars)) == ["a", "c"]
    await log.close()


async def test_a_view_made_inline_over_a_full_log_is_caught_up_first(place: Place) -> None:
    for _ in range(3):
        await place.tell(*((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)) for _ in range(40)))
    # Two processes start at once, and a third one appends meanwhile without knowing of the view.
    async with (
        inline(place, InlineShelves(), reach=7) as first,
        inline(place, InlineShelves(), reach=7) as second,
    ):
        await asyncio.gather(
            *(
                log.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
                for log in (first, place, second, place, first)
            )
        )
        await first.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
        assert [row["amount"] for row in await place.rows(InlineShelves)] == [126]
        assert (await place.status(InlineShelves)).complete


async def test_a_lost_inline_view_is_refilled_by_a_worker_and_is_inline_again(place: Place) -> None:
    shelves = InlineShelves()
    followed = await place.followed(shelves)
    async with inline(place, shelves, reach=7) as now, place.working(followed):
        await now.tell(*((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)) for _ in range(50)))
        await followed[0].store.drop()
        # Appends go on while the table is gone.
        await now.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))

        async def refilled() -> bool:
            status = await place.status(InlineShelves)
            return status.position == 51 and status.holder is None

        await until(refilled)
        await now.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
        assert [row["amount"] for row in await place.rows(InlineShelves)] == [52]


async def test_a_worker_leaves_an_inline_view_alone(place: Place) -> None:
    shelves, jars = InlineShelves(), Jars()
    async with inline(place, shelves) as now, place.working(await place.followed(shelves, jars)):
        last = await now.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
        await place.reached(last, jars)
        assert (await place.status(InlineShelves)).holder is None
