"""Cells are opened when they are asked for, and closed when there are too many or nobody needs them."""

from uuid import uuid4

from app.entry.assembly import assembled
from app.entry.cells import Cells
from app.placement.registry import registered
from domain.kit.tenants import Placement
from tests.placement.conftest import Platform


class Holder:
    """Something that is made of a cell."""


async def test_opens_no_more_silos_than_it_may(platform: Platform) -> None:
    first = await platform.tenant("cells-one", Placement.SILO)
    second = await platform.tenant("cells-two", Placement.SILO)
    async with (
        assembled(platform.settings) as shared,
        registered(shared.database.writer) as registry,
    ):
        cells = Cells(platform.settings, shared, registry, assembled, most=1)
        try:
            for tenant in (first, second, first):
                cell = await cells.at(tenant)
                assert tenant.hex in cell.settings.database_url
                assert cells.open == 1
        finally:
            await cells.close()


async def test_closes_what_is_idle_and_not_what_is_held(platform: Platform) -> None:
    tenant = await platform.tenant("cells-idle", Placement.SILO)
    async with (
        assembled(platform.settings) as shared,
        registered(shared.database.writer) as registry,
    ):
        cells = Cells(platform.settings, shared, registry, assembled, idle=-1)
        try:
            held = await cells.held(tenant, lambda cell: Holder())
            await cells.sweep()
            assert cells.open == 1
            del held
            await cells.sweep()
            assert cells.open == 0
            assert (await cells.at(tenant)).settings.redis_prefix.endswith(tenant.hex)
        finally:
            await cells.close()


async def test_who_is_in_no_registry_is_served_by_the_platform(platform: Platform) -> None:
    async with (
        assembled(platform.settings) as shared,
        registered(shared.database.writer) as registry,
    ):
        cells = Cells(platform.settings, shared, registry, assembled)
        assert await cells.at(uuid4()) is shared
        await cells.close()
