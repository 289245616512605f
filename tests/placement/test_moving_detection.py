"""What looks for patterns goes on where a tenant is moved to, whose log has other positions."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.kit.tenants import Placement
from projections.operations.tenant_placements import PlacementRequest
from tests.gateway.sending import Sender, event
from tests.kit.processes import until
from tests.placement.conftest import Platform
from tests.work.api import created

pytestmark = pytest.mark.servers


async def test_a_pattern_is_found_after_its_tenant_was_moved(platform: Platform) -> None:
    client = await platform.newcomer(await platform.tenant("watched", Placement.POOLED))
    # The shared log is longer than that of the silo will be.
    other = await platform.newcomer(await platform.tenant("busy", Placement.POOLED))
    for number in range(30):
        await created(other, f"task {number}")
    source = await client.send("RegisterSource", input={"name": "Shop", "environment": "x", "region": "eu"})
    key = await client.send("IssueSourceKey", input={"id": source["source"]["id"], "name": "first"})
    shop = Sender(platform.http, source["source"]["id"], key["key"])
    terms = {"name": "P", "kind": "COUNT", "eventTypes": ["order.created"], "windowSeconds": 60, "least": 2}
    await client.send("DefineEventPattern", input={**terms, "relatedBy": "USER"})
    assert await platform.moves(client.tenant, Placement.SILO) == PlacementRequest(status="ready")
    await platform.knows(client)
    now = datetime.now(UTC)
    for ago in (9, 8):
        at = (now - timedelta(seconds=ago)).isoformat()
        (answer,) = await shop.answers(event(timestamp=at, userId="u-1"))
        assert answer["status"] == "accepted"

    async def found() -> bool:
        return bool((await client.send("PatternMatches"))["totalCount"] == 1)

    await until(found)
