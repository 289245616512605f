"""A move whose worker is killed at each of its steps."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.composition.write_side import commanding
from app.placement.places import silo_for, with_database
from app.settings import Settings
from domain.kit.caller import SYSTEM, Caller
from domain.kit.log import AppendReceipt
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import MoveTenant
from domain.processes.tenant_move import Moving
from domain.tenancy.tenant_commands import RenameTenant
from projections.operations.tenant_placements import PlacementRequest
from tests.placement.conftest import drop_silos, silo_name
from tests.placement.places import OPERATOR, Places, events_of, places_on

SILO, POOLED = Placement.SILO, Placement.POOLED


@pytest.fixture
async def places(settings: Settings) -> AsyncIterator[Places]:
    try:
        async with places_on(settings) as places:
            yield places
    finally:
        await drop_silos(settings)


async def _rename(places: Places, tenant: UUID, kind: Placement, name: str) -> None:
    """Add an event where the tenant is placed."""
    silo = silo_for(places.settings, tenant, None)
    settings = silo.settings(places.settings) if kind is SILO else places.settings
    async with commanding(settings) as (_, bus):
        by = Caller(tenant_id=tenant, user_id=SYSTEM, kind="service")
        outcome = await bus.send(RenameTenant(id=tenant, name=name), by=by)
    assert isinstance(outcome, AppendReceipt), repr(outcome)


async def _told(places: Places, tenant: UUID, kind: Placement) -> tuple[list[tuple[Any, ...]], int]:
    """What was told to the place, and how often a move that ended there has noted it."""
    url = places.settings.database_url
    if kind is SILO:
        url = with_database(url, silo_name(places.settings, tenant))
    connection = await asyncpg.connect(url)
    try:
        moves = await connection.fetchval(
            "select count(*) from es.events where tenant_id = $1 and type = 'tenancy.tenant.moved'", tenant
        )
        return await events_of(connection, tenant), moves
    finally:
        await connection.close()


async def test_survives_a_kill_at_each_of_its_steps(places: Places) -> None:
    tenant = await places.ask("nomad")
    assert await places.work() == "exit 0"
    here, steps = SILO, [step.name for step in Moving.steps]
    for there, killed_at in ((POOLED, steps[::2]), (SILO, steps[1::2])):
        await _rename(places, tenant, here, f"before it is {there.value}")
        before, moves = await _told(places, tenant, here)
        command = MoveTenant(id=tenant, placement=there, asked_by="tests")
        assert isinstance(await places.tenants.ask(command, by=OPERATOR, command_id=uuid4()), AppendReceipt)
        # Between a step's being performed and its being recorded, so that the next worker performs it again.
        for step in killed_at:
            assert await places.work(step, verb="fold") == "exit -9", step
        assert await places.work(verb="fold") == "exit 0"
        assert await places.tenants.asked(tenant) == PlacementRequest(status="ready"), there
        assert await _told(places, tenant, there) == (before, moves + 1), there
        rows = await places.fetch("select kind, state from placement.tenants where tenant_id = $1", tenant)
        assert rows == [(there.value, "ready")]
        here = there
