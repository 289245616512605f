"""Provisioning: carried through whatever happens to its workers, and taken down again when a step fails."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from app.placement.places import with_database
from app.settings import Settings
from domain.kit.tenants import Placement
from projections.operations.tenant_placements import PlacementRequest
from tests.placement.conftest import drop_silos, silo_name
from tests.placement.places import Places, places_on

NOTHING = {"database": False, "place": False, "slug": False, "indexes": False, "keys": False}
STEPS = ["register", "database", "schema", "views", "indexes", "key", "tenant", "open"]


_UNDOING = 18
"""So many things are given notice of before the step that fails."""


@pytest.fixture
async def hostile(
    settings: Settings, osmem_url: str, index_prefix: str, prepared_silos: None
) -> AsyncIterator[Places]:
    """Where no tenant can be founded, for a tenant's region must be a word."""
    settings = replace(
        settings, opensearch_url=osmem_url, index_prefix=index_prefix.rstrip("-"), region="No Region"
    )
    try:
        async with places_on(settings) as places:
            yield places
    finally:
        await drop_silos(settings)


@pytest.fixture(scope="module")
async def places(
    settings: Settings, osmem_url: str, index_prefix: str, prepared_silos: None
) -> AsyncIterator[Places]:
    settings = replace(settings, opensearch_url=osmem_url, index_prefix=index_prefix.rstrip("-"))
    try:
        async with places_on(settings) as places:
            yield places
    finally:
        await drop_silos(settings)


async def _created(places: Places, id: UUID) -> int:
    """How many events begin the tenant in its own log."""
    url = with_database(places.settings.database_url, silo_name(places.settings, id))
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("select count(*) from es.events where tenant_id = $1", id))
    finally:
        await connection.close()


async def test_survives_a_kill_at_each_of_its_steps(places: Places) -> None:
    # Three points a step: of every second one each step sees at least one, and all three kinds take turns.
    ended, point = "exit -9", -1
    while ended == "exit -9":
        point += 2
        id = await places.ask(f"kill-{point}")
        ended = await places.work(point)
        if ended == "exit -9":
            assert await places.work() == "exit 0"
        assert await places.tenants.asked(id) == PlacementRequest(status="ready"), f"killed at {point}"
        assert await _created(places, id) == 1, f"killed at {point}"
        assert (await places.left(id, f"kill-{point}"))["indexes"]
    assert ended == "exit 0"
    assert point > 3 * len(STEPS)


async def test_a_failing_step_takes_down_what_was_made_whenever_it_is_killed(hostile: Places) -> None:
    ended, point = "exit -9", _UNDOING
    while ended == "exit -9":
        id = await hostile.ask(f"fails-{point}")
        ended = await hostile.work(point)
        if ended == "exit -9":
            assert await hostile.work() == "exit 0"
        progress = await hostile.tenants.asked(id)
        assert progress is not None
        assert (progress.status, progress.step) == ("failed", "tenant"), f"killed at {point}"
        assert await hostile.left(id, f"fails-{point}") == NOTHING, f"killed at {point}"
        point += 2
    assert ended == "exit 0"
    assert point > _UNDOING + 2 * len(["indexes", "database", "register"])


async def test_a_slug_is_free_again_when_provisioning_has_failed(hostile: Places) -> None:
    await hostile.ask("again")
    assert await hostile.work() == "exit 0"
    await hostile.ask("again")


async def test_takes_no_database_that_holds_something_else(places: Places) -> None:
    id = await places.ask("greedy", database_url=places.settings.database_url)
    assert await places.work() == "exit 0"
    progress = await places.tenants.asked(id)
    assert progress is not None
    assert (progress.status, progress.step) == ("failed", "database")
    assert await places.fetch("select 1 from es.events limit 1")


async def test_makes_a_pooled_tenant_in_the_shared_log(places: Places) -> None:
    id = await places.ask("shared", Placement.POOLED)
    assert await places.work() == "exit 0"
    assert await places.tenants.asked(id) == PlacementRequest(status="ready")
    assert await places.fetch("select type from es.events where tenant_id = $1", id) == [
        ("tenancy.tenant.created",)
    ]


async def test_refuses_a_slug_that_somebody_has(places: Places) -> None:
    await places.ask("mine")
    with pytest.raises(AssertionError, match="AlreadyTaken"):
        await places.ask("mine")
    assert await places.work() == "exit 0"


async def test_refuses_a_region_that_this_is_not(places: Places) -> None:
    with pytest.raises(AssertionError, match="WrongRegion"):
        await places.ask("far", region="mars")


@pytest.mark.parametrize("url", ["postgresql://me:secret@db/x", "postgresql://me@db/x?password=secret"])
async def test_refuses_an_address_with_a_password(places: Places, url: str) -> None:
    with pytest.raises(AssertionError, match="Invalid"):
        await places.ask("leaky", database_url=url)
