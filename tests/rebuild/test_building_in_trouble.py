"""Builds in bulk around events, rows, logs and stores that fail."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from domain.kit.events import Event
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import RowChanges, View
from projections.kit.follow.fold_page import IsolatingFold
from projections.kit.follow.pages import LogGap
from projections.kit.store.store import Checkpoint, LeaseLost
from tests.rebuild.faulty import Sliced, kill_at, killed
from tests.rebuild.histories import KINDS, OTHER, Carried, CarriedCounts, tell
from tests.rebuild.site import Built, Site, rows, stands
from tests.views.toys import Jar, Jars, ShelfRow, _carry

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


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
    page = IsolatingFold(Choosy(), [(envelope, partial(_itself, event)) for event, envelope in events])
    expected = {full: row for full, row in page.fold({}).items() if row is not None}
    parked = set(page.stuck)
    assert len(parked) > 1
    built = await site.generation(Choosy())
    # It ends after streams were parked and before that is stored.
    kill_at(built, 2, stored=False)
    await killed(site, built)
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

    async def flaky(changes: RowChanges[Any], checkpoint: Checkpoint, after: int | None = None) -> None:
        nonlocal calls
        calls += 1
        if calls in (2, 3, 7):
            raise ConnectionResetError
        await inner(changes, checkpoint, after)

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
    await killed(site, built)
    await site.redis.flushdb()
    built = Built(built.view, site.store(built.view, built.generation), built.generation)
    await (await site.builder(built)).run()
    assert await rows(built.store) == await site.folded(built.view)
