"""A stream that cannot be folded is parked in its view, in order, and everything else goes on."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from projections.kit.declare.view import View
from projections.kit.store.store import Lost
from tests.parking.fragile import DIARIES, POISON, TALLIES, NarrowDiary, PostgresDiary, PostgresTally
from tests.parking.yard import Yard, filled, row_of, taken
from tests.views.place import TENANT, until

BAD = 13
OTHER = UUID(int=8)

every_diary = pytest.mark.parametrize("kind", DIARIES, ids=lambda kind: kind.store)
every_view = pytest.mark.parametrize("kind", [*DIARIES, *TALLIES], ids=lambda kind: kind.name)


@every_diary
async def test_a_stream_is_parked_in_order_and_the_others_go_on(yard: Yard, kind: type[View[Any]]) -> None:
    POISON.add(BAD)
    bad, good = uuid4(), uuid4()
    diary = await yard.followed(kind)
    async with yard.place.working([diary]):
        await yard.place.tell(filled(bad, 1), filled(good, 2), taken(bad, BAD), taken(bad, 3), taken(good, 4))
        await yard.reached(await yard.place.tell(taken(bad, 5), taken(good, 6)), diary.view)
        rows = await yard.rows(kind, [row_of(bad), row_of(good)])
        assert {full: row.amounts for full, row in rows.items()} == {
            row_of(bad): (1,),
            row_of(good): (2, 4, 6),
        }
        (stream,) = await yard.parked.list(kind.name)
    assert (
        stream.stream,
        stream.position,
        stream.event_type,
        stream.attempts,
        stream.waiting,
        stream.asked,
    ) == (
        bad,
        3,
        "toys.jar.taken",
        3,
        3,
        None,
    )


async def test_what_is_kept_of_an_error_quotes_nothing(yard: Yard) -> None:
    POISON.add(BAD)
    await yard.place.tell(filled(uuid4(), BAD))
    await yard.folded(PostgresDiary, position=1)
    (stream,) = await yard.parked.list()
    assert stream.error.startswith("ArithmeticError while folding toys.jar.filled at fragile.py:")
    assert "secret" not in stream.error


@every_view
async def test_a_retry_after_the_fix_gives_the_rows_of_a_fresh_fold(
    yard: Yard, kind: type[View[Any]]
) -> None:
    POISON.add(BAD)
    bad, good = uuid4(), uuid4()
    # In search a shelf that other jars share cannot be repaired, so there each has its own.
    shelf = "low" if kind.store == "search" else "top"
    diary = await yard.followed(kind)
    async with yard.place.working([diary]):
        await yard.place.tell(filled(bad, 1, shelf), filled(good, 2))
        await yard.place.tell(taken(bad, BAD, shelf), taken(good, 3), taken(bad, 4, shelf))
        last = await yard.place.tell(taken(bad, BAD, shelf), taken(good, 5))
        await yard.reached(last, diary.view)
        await yard.answered(1)
        POISON.clear()
        assert await yard.parked.retry(kind.name, bad) == 1
        await yard.answered(0)
        last = await yard.place.tell(taken(bad, 6, shelf), taken(good, 7))
        await yard.reached(last, diary.view)
    await yard.is_as_fresh(kind)


async def test_search_refuses_a_retry_of_rows_that_hold_later_events_of_others(yard: Yard) -> None:
    kind = TALLIES[2]
    POISON.add(BAD)
    bad, good = uuid4(), uuid4()
    tally = await yard.followed(kind)
    async with yard.place.working([tally]):
        await yard.reached(await yard.place.tell(filled(bad, BAD), filled(good, 2)), tally.view)
        POISON.clear()
        await yard.parked.retry(kind.name)
        (stream,) = await yard.answered(1)
    assert stream.error.endswith(f"rebuild {kind.name} for the tenant {TENANT}.")
    assert [row.amount for row in (await yard.rows(kind, [(TENANT, ("top",))])).values()] == [2]


@every_diary
async def test_a_retry_that_fails_again_folds_what_comes_before(yard: Yard, kind: type[View[Any]]) -> None:
    POISON.update((BAD, 14))
    bad = uuid4()
    diary = await yard.followed(kind)
    async with yard.place.working([diary]):
        last = await yard.place.tell(filled(bad, 1), taken(bad, BAD), taken(bad, 2), taken(bad, 14))
        await yard.reached(last, diary.view)
        POISON.discard(BAD)
        await yard.parked.retry(kind.name, bad)
        (stream,) = await yard.answered(1)
        assert (stream.position, stream.attempts, stream.waiting) == (4, 4, 1)
        assert [row.amounts for row in (await yard.rows(kind, [row_of(bad)])).values()] == [(1, BAD, 2)]
        POISON.clear()
        await yard.parked.retry(None)
        await yard.answered(0)
    await yard.is_as_fresh(kind)


@every_diary
async def test_a_discard_leaves_out_what_waits_and_folds_what_comes(
    yard: Yard, kind: type[View[Any]]
) -> None:
    POISON.add(BAD)
    bad = uuid4()
    diary = await yard.followed(kind)
    async with yard.place.working([diary]):
        await yard.reached(await yard.place.tell(filled(bad, 1), taken(bad, BAD), taken(bad, 2)), diary.view)
        assert await yard.parked.discard(kind.name, bad, "a test jar") == 1
        await yard.answered(0)
        await yard.reached(await yard.place.tell(taken(bad, 3)), diary.view)
        await yard.is_as_fresh(kind, without=(2, 3))
        # A refill leaves the same events out.
        await diary.store.drop()

        async def refilled() -> bool:
            try:
                rows = await diary.store.load([row_of(bad)])
            except Lost:
                return False
            return [row.amounts for row in rows.values()] == [(1, 3)]

        await until(refilled)
    kept = await yard.place.database.writer.fetch("select first, last, reason from ops.discarded")
    assert [tuple(row) for row in kept] == [(2, 3, "a test jar")]


async def test_an_event_that_comes_after_a_discard_was_asked_for_is_folded(yard: Yard) -> None:
    POISON.add(BAD)
    bad = uuid4()
    last = await yard.place.tell(filled(bad, 1), taken(bad, BAD))
    await yard.folded(PostgresDiary, position=last)
    await yard.parked.discard(PostgresDiary.name, bad, "a test jar")
    last = await yard.place.tell(taken(bad, 2))
    await yard.folded(PostgresDiary, position=last)
    assert await yard.answered(0) == []
    await yard.is_as_fresh(PostgresDiary, without=(2,))


async def test_a_stream_is_parked_in_each_view_for_itself(yard: Yard) -> None:
    POISON.add(BAD)
    bad = uuid4()
    last = await yard.place.tell(filled(bad, BAD), filled(uuid4(), 2))
    diary, tally = await yard.followed(PostgresDiary), await yard.followed(PostgresTally)
    async with yard.place.working([diary, tally]):
        await yard.reached(last, diary.view, tally.view)
        assert len(await yard.parked.list()) == 2
        POISON.clear()
        assert await yard.parked.retry(PostgresTally.name, bad) == 1
        (stream,) = await yard.answered(1)
    assert stream.view == PostgresDiary.name
    await yard.is_as_fresh(PostgresTally)


async def test_another_tenants_stream_of_the_same_id_goes_on(yard: Yard) -> None:
    POISON.add(BAD)
    same = uuid4()
    await yard.place.tell(filled(same, BAD))
    last = await yard.place.tell(filled(same, 2), tenant=OTHER)
    await yard.folded(PostgresDiary, position=last)
    rows = await yard.rows(PostgresDiary, [row_of(same), row_of(same, OTHER)])
    assert [(full[0], row.amounts) for full, row in rows.items()] == [(OTHER, (2,))]


async def test_what_was_parked_is_left_out_by_the_next_worker_too(yard: Yard) -> None:
    POISON.add(BAD)
    bad = uuid4()
    await yard.folded(PostgresDiary, position=await yard.place.tell(filled(bad, 1), taken(bad, BAD)))
    POISON.clear()
    await yard.folded(PostgresDiary, position=await yard.place.tell(taken(bad, 2)))
    rows = await yard.rows(PostgresDiary, [row_of(bad)])
    assert [row.amounts for row in rows.values()] == [(1,)]
    (stream,) = await yard.parked.list()
    assert (stream.position, stream.waiting) == (2, 2)


async def test_fifty_poisoned_streams_are_parked_beside_the_others(yard: Yard) -> None:
    POISON.add(BAD)
    diary = await yard.followed(PostgresDiary)
    async with yard.place.working([diary]):
        last = 0
        for _ in range(5):
            last = await yard.place.tell(*(filled(uuid4(), amount) for _ in range(10) for amount in (BAD, 1)))
        await yard.reached(last, diary.view)
        assert await diary.store.count() == 50
        assert len(await yard.parked.list()) == 50
        POISON.clear()
        assert await yard.parked.retry(PostgresDiary.name) == 50
        await yard.answered(0)
    await yard.is_as_fresh(PostgresDiary)


async def test_an_event_that_cannot_be_decoded_is_parked(yard: Yard) -> None:
    bad = uuid4()
    append = yard.place.command(filled(bad, 1), taken(bad, 2), filled(uuid4(), 3))
    first, second, third = append.events
    broken = (first, replace(second, payload=b"{}"), third)
    await yard.place.log.append(replace(append, events=broken))
    await yard.folded(PostgresDiary, position=3)
    (stream,) = await yard.parked.list()
    assert (stream.stream, stream.position, stream.event_type) == (bad, 2, "toys.jar.taken")
    assert len(await yard.place.rows(PostgresDiary)) == 2


async def test_a_stream_whose_row_the_store_refuses_is_parked(yard: Yard) -> None:
    long, short = uuid4(), uuid4()
    diary = await yard.followed(NarrowDiary)
    async with yard.place.working([diary]):
        await yard.place.tell(
            filled(long, 1), filled(short, 2), taken(long, 3), taken(long, 4), taken(short, 5)
        )
        await yard.reached(5, diary.view)
        (stream,) = await yard.parked.list()
        assert (stream.stream, stream.position, stream.attempts) == (long, 4, 3)
        assert stream.error.startswith("CheckViolationError while folding toys.jar.taken")
        rows = await yard.rows(NarrowDiary, [row_of(long), row_of(short)])
        assert [row.amounts for row in rows.values()] == [(1, 3), (2, 5)]
        await yard.parked.retry(NarrowDiary.name)
        (stream,) = await yard.answered(1)
        assert (stream.position, stream.attempts) == (4, 4)
        owner = await yard.place.database.owner()
        await owner.execute(f"alter table {diary.store.table} drop constraint short")  # type: ignore[attr-defined]
        await owner.close()
        await yard.parked.retry(NarrowDiary.name)
        await yard.answered(0)
    await yard.is_as_fresh(NarrowDiary)
