"""One tenant's rows are put in place of the live ones, and nobody else's are touched."""

from typing import Any

import pytest

from projections.kit.declare.row import replace
from projections.kit.declare.view import FullKey, RowChanges, View
from projections.kit.rebuild.tenant_swap import Ahead, put_in_place
from projections.kit.store.keys import Mark
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Checkpoint, LeaseLost, RowsLost
from tests.rebuild.histories import KINDS, OTHER, Carried, CarriedCounts, CarriedSearch, tell
from tests.rebuild.site import Built, Site, rows, stands
from tests.rebuild.test_comparing import spoil
from tests.views.place import TENANT
from tests.views.toys import ShelfRow

EXTRA = ("nowhere", "red")


@pytest.mark.parametrize("kind", KINDS)
async def test_one_tenants_rows_become_right_and_the_others_stay(site: Site, kind: type[View[Any]]) -> None:
    last = await tell(site.place, 300)
    live = await site.build(kind())
    expected = await site.folded(live.view)
    mine = [full for full in expected if full[0] == OTHER]
    of_tenant = next(full for full in expected if full[0] == TENANT)
    wrong: dict[FullKey, Any] = {
        mine[0]: replace(expected[mine[0]], amount=-1),
        mine[1]: None,
        (OTHER, EXTRA): ShelfRow(shelf="nowhere", colour="red"),
        of_tenant: replace(expected[of_tenant], amount=-1),
    }
    await spoil(site, live, wrong)
    built = await site.build(kind(), tenant_id=OTHER)
    checkpoint = await _held(site, live)
    assert await put_in_place(live.view, live.store, built.store, checkpoint, OTHER) == 3
    assert await rows(live.store) == {**expected, of_tenant: wrong[of_tenant]}
    assert (await stands(live)).position == last
    assert await put_in_place(live.view, live.store, built.store, checkpoint, OTHER) == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_put_in_place_goes_on(site: Site, kind: type[View[Any]]) -> None:
    await tell(site.place, 200)
    live = await site.build(kind())
    await spoil(site, live, dict.fromkeys(await site.folded(live.view, tenant_id=OTHER)))
    built = await site.build(kind(), tenant_id=OTHER)
    await put_in_place(live.view, live.store, built.store, await _held(site, live), OTHER)
    await tell(site.place, 200, seed=2)
    await (await site.builder(live)).run()
    assert await rows(live.store) == await site.folded(live.view)


async def test_an_older_lease_puts_nothing_in_place(site: Site) -> None:
    await tell(site.place, 100)
    live = await site.build(Carried())
    wrong = dict.fromkeys(await site.folded(live.view, tenant_id=OTHER))
    await spoil(site, live, wrong)
    built = await site.build(Carried(), tenant_id=OTHER)
    checkpoint = await _held(site, live)
    await site.lease(live)
    with pytest.raises(LeaseLost):
        await put_in_place(live.view, live.store, built.store, checkpoint, OTHER)
    assert await rows(live.store, OTHER) == {}


async def test_documents_beyond_the_checkpoint_are_waited_for(site: Site) -> None:
    """They hold events that the lane folds after this, and would refuse an older version."""
    last = await tell(site.place, 100)
    live = await site.build(CarriedSearch())
    full = next(iter(await site.folded(live.view, tenant_id=OTHER)))
    built = await site.build(CarriedSearch(), tenant_id=OTHER)
    assert isinstance(live.store, SearchStore)
    # As when a worker was killed between the documents and their checkpoint.
    ahead: RowChanges[Any] = RowChanges()
    ahead[full], ahead.positions[full] = ShelfRow(shelf=full[1][0], colour=full[1][1], amount=-5), last + 3
    checkpoint = await _held(site, live)
    for chunk in live.store._chunks(ahead):
        await live.store._write(chunk)
    with pytest.raises(Ahead) as raised:
        await put_in_place(live.view, live.store, built.store, checkpoint, OTHER)
    assert raised.value.position == last + 3


async def _held(site: Site, live: Built) -> Checkpoint:
    """Where the live lane stands, under a new lease."""
    checkpoint = await stands(live)
    token = (await site.lease(live)).token
    return Checkpoint(checkpoint.position, checkpoint.folded, token)


async def test_rows_that_were_lost_are_there_again(site: Site) -> None:
    await tell(site.place, 300)
    live = await site.build(CarriedCounts())
    store = live.store
    assert isinstance(store, RedisStore)
    expected = await site.folded(live.view)
    mine = [full for full in expected if full[0] == OTHER]
    epoch = Mark.read(await site.redis.get(store.keys.mark) or "").epoch
    # One that is right to be there, and one that the log does not know by now.
    await spoil(site, live, {(OTHER, EXTRA): ShelfRow(shelf="nowhere", colour="red")})
    for full in (mine[0], (OTHER, EXTRA)):
        assert await site.redis.delete(store.keys.row(epoch, *full)) == 1
    with pytest.raises(RowsLost):
        await store.load(mine)
    built = await site.build(CarriedCounts(), tenant_id=OTHER)
    await put_in_place(live.view, store, built.store, await _held(site, live), OTHER)
    assert await rows(store) == expected
    assert await store.load([*mine, (OTHER, EXTRA)]) == {full: expected[full] for full in mine}
    assert (await store.lost(), await store.count()) == (frozenset(), len(expected))
