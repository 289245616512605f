"""Comparing rows with their events: what is no reason to differ, and what ends it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View, ViewStore
from projections.kit.follow.fold_page import FoldFailed
from projections.kit.follow.lane import LeftOut
from projections.kit.read.as_of import TooMuch
from projections.kit.repair.replay import Chosen, Diff, Replay
from tests.views.conftest import place as place  # The fixture.
from tests.views.place import CODEC, TENANT, Place
from tests.views.toys import Jar, JarRow, Jars, Shelves

ALL = Chosen()


async def filled(place: Place, *amounts: int) -> list[UUID]:
    """New jars on one shelf, which the views have folded."""
    jars, at = [uuid4() for _ in amounts], 0
    for jar, amount in zip(jars, amounts, strict=True):
        at = await place.tell((jar, Jar.Filled(name="figs", shelf="top", amount=amount)))
    await folded(place, at)
    return jars


async def folded(place: Place, position: int) -> None:
    views = Jars(), Shelves()
    async with place.working(await place.followed(*views)):
        await place.reached(position, *views)


async def compared(
    place: Place, view: PostgresView[Any], chosen: Chosen = ALL, left_out: LeftOut | None = None
) -> Diff[Any]:
    store = await place.store(type(view))
    return await Replay(view, store, place.log, CODEC, left_out=left_out).diff(chosen)


async def test_rows_of_many_streams_are_compared(place: Place) -> None:
    await filled(place, 1, 2)
    chosen = Chosen(after=1)
    assert (await compared(place, Shelves(), chosen)).differences == ()
    store = await place.store(Shelves)
    await place.database.writer.execute(f"update {store.table} set amount = 7")
    diff = await compared(place, Shelves(), chosen)
    ((key, kind, names),) = (
        (difference.key, difference.kind, difference.names) for difference in diff.differences
    )
    assert (diff.events, diff.rows, key, kind, names) == (1, 1, ("top", "red"), "changed", ["amount"])


async def test_a_row_behind_its_lane_differs(place: Place) -> None:
    (jar,) = await filled(place, 3)
    at = await place.tell((jar, Jar.Taken(shelf="top", amount=1)))
    assert (await compared(place, Jars())).differences == ()
    await place.database.writer.execute("update ops.lanes set position = $1 where view = $2", at, Jars.name)
    (difference,) = (await compared(place, Jars())).differences
    assert isinstance(difference.stored, JarRow)
    assert isinstance(difference.folded, JarRow)
    assert (difference.stored.amount, difference.folded.amount) == (3, 2)


@pytest.mark.parametrize("discarded", [False, True])
async def test_events_that_are_left_out_are_no_difference(place: Place, discarded: bool) -> None:
    jar, other = await filled(place, 3, 3)
    at = await place.tell((jar, Jar.Taken(shelf="top", amount=1)))
    await place.tell((other, Jar.Dusted()))
    # As if the lane had parked the event and gone on.
    await place.database.writer.execute("update ops.lanes set position = $1", at + 1)
    left_out = LeftOut(discarded={(TENANT, jar): [(at, at)]}) if discarded else LeftOut({(TENANT, jar): at})
    assert len((await compared(place, Jars())).differences) == 1
    assert (await compared(place, Jars(), left_out=left_out)).differences == ()


async def test_more_rows_than_can_be_compared_are_refused(place: Place) -> None:
    await filled(place, 1, 2, 3)
    store = await place.store(Jars)
    with pytest.raises(TooMuch, match="More than 2 rows"):
        await Replay(Jars(), store, place.log, CODEC, most_rows=2).diff(ALL)


async def test_an_event_that_cannot_be_folded_is_named(place: Place) -> None:
    class Angry(Jars, View[JarRow], name="toys.jars"):
        """Jars, but no jar of nothing."""

        store = ViewStore.POSTGRES

        @on(Jar.Filled, first=True)
        def filled(self, row: None, event: Jar.Filled) -> JarRow:  # type: ignore[override]
            raise ArithmeticError("nothing")

    await filled(place, 1)
    with pytest.raises(FoldFailed, match="filled at position 1"):
        await Replay(Angry(), await place.store(Jars), place.log, CODEC).diff(ALL)
