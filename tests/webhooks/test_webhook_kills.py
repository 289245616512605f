"""A worker killed at any point of a delivery: it arrives under the same id, and is never lost."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from domain.processes.webhooks.deliveries import WebhookDeliveries
from tests.kit.process_worker import Child, product_child
from tests.kit.product import Product
from tests.outgoing.servers import destination
from tests.webhooks.test_webhook_deliveries import registered, task


@pytest.fixture
async def child(product: Product) -> AsyncIterator[Child]:
    async with product_child(product.settings, WebhookDeliveries) as child:
        yield child


async def test_an_event_arrives_wherever_its_worker_is_killed(product: Product, child: Child) -> None:
    client = await product.newcomer()
    boss = product.client(client.tenant, uuid4())
    assert "user" in await boss.send("ChangeUserRole", input={"id": client.me, "role": "OWNER"})
    assert await child.run(0) == "exit 0"
    sent, point, ended = [], 0, "exit -9"
    async with destination() as server:
        await registered(client, server.url)
        while ended == "exit -9":
            point += 1
            sent.append(await task(client, f"Number {point}"))
            ended = await child.run(point)
            if ended == "exit -9":
                assert await child.run(0) == "exit 0"
    assert ended == "exit 0"
    assert point > 3
    ids: dict[str, list[str]] = defaultdict(list)
    for each in server.received:
        ids[json.loads(each.body)["entity"]["id"]].append(each.headers["webhook-id"])
    assert sorted(ids) == sorted(sent)
    assert all(len(set(of_one)) == 1 for of_one in ids.values())
    # Between a call and its note a kill makes a second delivery, which carries the first one's id.
    assert len(server.received) <= len(sent) + 2
