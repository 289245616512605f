"""A worker killed at any point of a look: each match is found, and once."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from domain.gateway.detection.pattern_detection import PatternDetection
from tests.detection.conftest import defined, happened, matches
from tests.gateway.sending import Sender
from tests.kit.client import Client
from tests.kit.process_worker import Child, product_child
from tests.kit.product import Product

pytestmark = pytest.mark.servers
_DUE = "update processes.timers set due_at = clock_timestamp() where tenant_id = $1"


@pytest.fixture
async def child(product: Product) -> AsyncIterator[Child]:
    async with product_child(product.settings, PatternDetection) as child:
        yield child


async def test_a_match_is_found_once_wherever_its_worker_is_killed(
    product: Product, shop: Sender, client: Client, child: Child
) -> None:
    # A process begins at the end of the log when it is first run.
    assert await child.run(0) == "exit 0"
    await defined(client, "COUNT", ["order.created"], 60, least=2)
    assert await child.run(0) == "exit 0"
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        point, ended = 0, "exit -9"
        while ended == "exit -9":
            point += 1
            await shop.answers(*(happened("order.created", ago, f"u-{point}") for ago in (9, 8)))
            await connection.execute(_DUE, client.tenant)
            ended = await child.run(point)
            if ended == "exit -9":
                assert await child.run(0) == "exit 0"
    finally:
        await connection.close()
    assert ended == "exit 0"
    assert point > 2
    found = await matches(client)
    assert sorted(each["related"] for each in found) == sorted(f"u-{n + 1}" for n in range(point))
