"""The product with what sends to webhooks at work, on a clock that tests set forward."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.keys.ring import KeyRing
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.identity.authorization import BaseRole
from domain.identity.user_commands import ChangeUserRole
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.processes.webhooks.deliveries import WebhookDeliveries
from tests.domain.sending import accepted
from tests.kit.at_work import AtWork, LateClock, at_work
from tests.kit.client import Client
from tests.kit.product import Product, produced
from tests.mail.server import Inbox, mail_server


@dataclass
class Sender:
    """What sends to webhooks."""

    product: Product
    work: AtWork
    database: Database
    log: PostgresLog
    bus: Bus
    clock: LateClock
    inbox: Inbox
    ring: KeyRing
    tenant: UUID | None = None
    """The company of the test at hand."""

    async def quiet(self) -> None:
        """Wait until all that has happened is reacted to and nothing is left to be done."""
        await self._idle(later=True)

    async def idle(self) -> None:
        """The same, but for what waits for a later moment."""
        await self._idle()

    async def _idle(self, *, later: bool = False) -> None:
        assert self.tenant is not None
        await self.work.idle(WebhookDeliveries, self.tenant, later=later)

    async def deliveries(self, client: Client, webhook: str, **more: Any) -> list[dict[str, Any]]:
        """What was sent to a webhook, the newest first."""
        found = await client.send("WebhookDeliveries", id=webhook, **more)
        return [edge["node"] for edge in found["deliveries"]["edges"]]


async def employed(
    sender: Sender, name: str = "Ada", *, role: str = "owner", tenant: UUID | None = None
) -> Client:
    """Somebody who has this role by what is stored too, for that is what counts when something is sent."""
    client = await sender.product.newcomer(name, role=role, tenant=tenant)
    by = Caller(tenant_id=client.tenant, user_id=uuid4(), permissions=ROLES["owner"])
    await accepted(sender.bus, ChangeUserRole(id=client.user, role=BaseRole(role)), by=by)
    return client


@pytest.fixture
async def owner(sender: Sender) -> Client:
    """An owner of a company that only this test uses."""
    client = await employed(sender)
    sender.tenant = client.tenant
    return client


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product, which may call this machine."""
    async with produced(settings, outgoing_loopback=True) as product:
        yield product


@pytest.fixture(scope="module")
async def sender(product: Product) -> AsyncIterator[Sender]:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        settings = replace(product.settings, smtp_url=f"smtp://127.0.0.1:{port}")
        async with at_work(settings, WebhookDeliveries) as work:
            writes = work.writes
            yield Sender(product, work, work.database, writes.log, writes.bus, work.clock, inbox, writes.ring)


@pytest.fixture(autouse=True)
def on_time(request: pytest.FixtureRequest) -> None:
    """Each test begins at this moment."""
    if "sender" in request.fixturenames:
        request.getfixturevalue("sender").clock.ahead = timedelta()
