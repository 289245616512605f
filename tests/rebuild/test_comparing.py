"""Comparisons find every row that differs, and none that was only moving."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest

from projections.kit.declare.row import replace
from projections.kit.declare.view import FullKey, RowChanges, View
from projections.kit.rebuild.comparison import Difference, Report, compare
from projections.kit.store.store import Checkpoint
from tests.rebuild.histories import KINDS, OTHER, Carried, tell
from tests.rebuild.site import Built, Site, stands
from tests.views.place import TENANT
from tests.views.toys import Jar, ShelfRow

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


@EVERY_KIND
async def test_finds_nothing_between_equal_generations(site: Site, kind: type[View[Any]]) -> None:
    await tell(site.place, 300)
    old, new = await site.build(kind()), await site.build(kind())
    report = await _compared(old, new)
    count = await new.store.count()
    assert count > 0
    assert report == Report(rows=count, compared=count, differing=0, examples=(), complete=True, note="")


@EVERY_KIND
async def test_finds_changed_missing_and_extra_rows(site: Site, kind: type[View[Any]]) -> None:
    await tell(site.place, 300)
    old, new = await site.build(kind()), await site.build(kind())
    expected = await site.folded(old.view)
    changed, missing, *_ = expected
    extra: FullKey = (TENANT, ("nowhere", "red"))
    row = replace(expected[changed], amount=expected[changed].amount + 1)
    await spoil(site, new, {changed: row, missing: None, extra: ShelfRow(shelf="nowhere", colour="red")})
    report = await _compared(old, new)
    assert report.differing == 3
    assert set(report.examples) == {
        Difference(changed[0], changed[1], "changed", ("amount",)),
        Difference(missing[0], missing[1], "missing", ()),
        Difference(*extra, "extra", ()),
    }


async def test_compares_one_tenant(site: Site) -> None:
    await tell(site.place, 300)
    old, new = await site.build(Carried()), await site.build(Carried(), tenant_id=OTHER)
    assert (await _compared(old, new, tenant_id=OTHER)).differing == 0
    assert (await _compared(old, new)).differing == len(await site.folded(old.view, tenant_id=TENANT))


async def test_tells_of_at_most_twenty_rows(site: Site) -> None:
    await site.place.tell(
        *((uuid4(), Jar.Filled(name="a", shelf=str(uuid4()), amount=1)) for _ in range(2_500))
    )
    old, new = await site.build(Carried()), await site.generation(Carried())
    # It stands where the old one does, and has nothing.
    await new.store.save(RowChanges(), Checkpoint(2_500, 2_500, (await site.lease(new)).token))
    report = await _compared(old, new)
    assert (report.differing, len(report.examples), report.rows) == (2_500, 20, 0)


async def test_says_when_events_were_left_out(site: Site) -> None:
    await tell(site.place, 50)
    old, new = await site.build(Carried()), await site.build(Carried())
    await new.store.save(RowChanges(), Checkpoint(50, 49, (await site.lease(new)).token))
    assert not (await _compared(old, new)).complete


async def test_rows_that_only_move_do_not_differ(site: Site) -> None:
    await tell(site.place, 300)
    old, new = await site.build(Carried()), await site.build(Carried())
    await tell(site.place, 300, seed=2)
    # The old one goes first and the new one follows, in steps; every comparison meets them apart.
    behind = asyncio.create_task(_step_by_step(site, old, new))
    while not behind.done():
        assert (await _compared(old, new)).differing == 0
    await behind


async def _step_by_step(site: Site, *builds: Built) -> None:
    head = await site.place.log.head()
    for position in range(320, head + 1, 20):
        for built in builds:
            await (await site.builder(built)).run(position)


async def test_a_row_that_comes_late_into_the_new_generation_is_compared(site: Site) -> None:
    """A comparison begins when the new generation is near the head, and lacks the newest rows."""
    await tell(site.place, 50)
    old, new = await site.build(Carried()), await site.build(Carried())
    await site.place.tell((uuid4(), Jar.Filled(name="a", shelf="newest", amount=1)))
    await (await site.builder(old)).run()
    await spoil(site, old, {(TENANT, ("newest", "red")): ShelfRow(shelf="newest", colour="red", amount=-1)})
    scan = new.store.scan

    async def late(tenant_id: UUID | None = None) -> AsyncGenerator[dict[FullKey, Any], None]:
        async for batch in scan(tenant_id):
            yield batch
        await (await site.builder(new)).run()

    async def positions() -> tuple[int, int]:
        """Whoever asks finds that it has come on."""
        await (await site.builder(new)).run()
        return (await old.store.checkpoint()).position, (await new.store.checkpoint()).position

    new.store.scan = late  # type: ignore[method-assign]
    report = await compare(old.view, old.store, new.store, positions)
    assert [example.kind for example in report.examples] == ["changed"]


async def test_a_wrong_row_that_moves_all_the_time_differs(site: Site) -> None:
    await tell(site.place, 50)
    old, new = await site.build(Carried()), await site.build(Carried())
    wrong = next(iter(await site.folded(old.view)))
    load, amount = old.store.load, 0

    async def moving(keys: Any) -> dict[FullKey, Any]:
        nonlocal amount
        amount += 1
        found = await load(keys)
        return {full: replace(row, amount=-amount) if full == wrong else row for full, row in found.items()}

    old.store.load = moving  # type: ignore[method-assign]
    report = await _compared(old, new)
    assert report.differing == 1
    assert report.note


async def test_gives_up_on_a_generation_that_stands_still(site: Site) -> None:
    await tell(site.place, 50)
    old, new = await site.build(Carried()), await site.build(Carried())
    await spoil(site, new, dict.fromkeys(await site.folded(new.view)))

    async def apart() -> tuple[int, int]:
        return 50, 51

    with pytest.raises(TimeoutError):
        await compare(old.view, old.store, new.store, apart, patience=0.1)


async def spoil(site: Site, built: Built, rows: dict[FullKey, Any]) -> None:
    """Write rows that no fold makes, and leave the generation where it stands."""
    checkpoint = await stands(built)
    changes: RowChanges[Any] = RowChanges()
    changes.update(rows)
    changes.positions.update(dict.fromkeys(rows, checkpoint.position))
    token = (await site.lease(built)).token
    await built.store.checkpoint()
    await built.store.save(changes, Checkpoint(checkpoint.position, checkpoint.folded, token))


async def _compared(old: Built, new: Built, **options: Any) -> Report:
    async def positions() -> tuple[int, int]:
        return (await old.store.checkpoint()).position, (await new.store.checkpoint()).position

    return await compare(old.view, old.store, new.store, positions, **options)
