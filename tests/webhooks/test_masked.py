"""Where the setting masks what is personal, none of it leaves: by no webhook, no destination and no file."""

import json
from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from domain.gateway.exports.event_export_runs import EventExportRun
from domain.processes.webhooks.deliveries import WebhookDeliveries
from tests.gateway.sending import a_source, event
from tests.imports.exporting import employed
from tests.imports.exporting import exported as exported_file
from tests.kit.at_work import at_work
from tests.kit.product import Product, produced
from tests.outgoing.servers import destination
from tests.webhooks.test_destinations import exported
from tests.webhooks.test_webhook_deliveries import registered
from tests.webhooks.tools import answers, segment


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product as it is outside production, but for this machine, which it may call."""
    async with produced(settings, outgoing_loopback=True, masking="on") as product:
        yield product


async def test_what_is_masked_does_not_leave(product: Product) -> None:
    async with at_work(product.settings, WebhookDeliveries, EventExportRun, poll=0.02) as work:
        owner = await employed(product, work.writes.bus, "owner")
        async with destination() as plain, destination(behave=answers(segment)) as tool:
            types, mapping = ["identity.user.registered"], ["email=email"]
            await registered(owner, plain.url, types=types, withConfidential=True, withPersonal=True)
            await exported(owner, "SEGMENT", tool.url, types=types, mapping=mapping)
            await product.newcomer("Zoe", tenant=owner.tenant)
            await work.idle(WebhookDeliveries, owner.tenant, later=True)
        [sent], [call] = plain.received, tool.received
        body = json.loads(sent.body)
        assert ("email" in body["data"], "email" in body["withheld"]) == (False, True)
        assert b"@example.com" not in sent.body + call.body
        shop = await a_source(product, owner)
        await shop.answers(event())
        found, content = await exported_file(owner, shop.id)
        assert (found["rows"], found["withheld"]) == (1, True)
        assert b"o-1" not in content
