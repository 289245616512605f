"""Scans give each row once, in all stores, for everybody or for one tenant."""

from typing import Any
from uuid import uuid4

import pytest

from projections.kit.declare.view import View
from projections.kit.store.store import Lost
from tests.rebuild.histories import KINDS, OTHER, tell
from tests.rebuild.site import Site, rows
from tests.views.place import TENANT
from tests.views.toys import Jar, Jars


@pytest.mark.parametrize("kind", KINDS)
async def test_scans_every_row_once(site: Site, kind: type[View[Any]]) -> None:
    await tell(site.place, 200)
    built = await site.build(kind())
    expected = await site.folded(built.view)
    assert len({tenant for tenant, _ in expected}) == 2
    assert await rows(built.store) == expected


@pytest.mark.parametrize("kind", KINDS)
async def test_scans_one_tenant(site: Site, kind: type[View[Any]]) -> None:
    await tell(site.place, 200)
    built = await site.build(kind())
    expected = await site.folded(built.view, tenant_id=OTHER)
    assert expected
    assert await rows(built.store, OTHER) == expected


@pytest.mark.parametrize("kind", KINDS)
async def test_scans_in_batches(site: Site, kind: type[View[Any]]) -> None:
    for _ in range(5):
        await site.place.tell(
            *((uuid4(), Jar.Filled(name="a", shelf=str(uuid4()), amount=1)) for _ in range(500))
        )
    built = await site.build(kind())
    batches = [batch async for batch in built.store.scan(TENANT)]
    assert max(map(len, batches)) <= 1000
    assert sum(map(len, batches)) == len({full for batch in batches for full in batch}) == 2500


@pytest.mark.parametrize("kind", KINDS)
async def test_scans_nothing_of_an_empty_view(site: Site, kind: type[View[Any]]) -> None:
    built = await site.generation(kind())
    assert await rows(built.store) == {}


async def test_scans_rows_of_every_type(site: Site) -> None:
    await site.place.tell((uuid4(), Jar.Filled(name="ü", shelf="a", amount=1, tags=("x",))))
    built = await site.build(Jars())
    assert await rows(built.store) == await site.folded(built.view)


async def test_a_lost_table_is_told(site: Site) -> None:
    built = await site.build(KINDS[0]())
    await built.store.drop()
    with pytest.raises(Lost):
        await rows(built.store)


async def test_flushed_keys_are_told(site: Site) -> None:
    await tell(site.place, 50)
    built = await site.build(KINDS[1]())
    await site.redis.flushdb()
    with pytest.raises(Lost):
        await rows(built.store)


async def test_a_lost_index_is_told(site: Site) -> None:
    await tell(site.place, 50)
    built = await site.build(KINDS[2]())
    await site.search.indices.delete(index=f"{site.prefix}*")
    with pytest.raises(Lost):
        await rows(built.store)


async def test_the_real_search_scans_every_row_once(real: Site) -> None:
    await tell(real.place, 400)
    built = await real.build(KINDS[2]())
    assert await rows(built.store) == await real.folded(built.view)
    assert await rows(built.store, OTHER) == await real.folded(built.view, tenant_id=OTHER)
