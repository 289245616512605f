"""The product with what pulls at work, on a clock that tests set forward."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.gateway.connectors.pulls import ConnectorPulls
from tests.connectors.crm import RIGHT
from tests.kit.at_work import AtWork, LateClock, at_work
from tests.kit.client import Client
from tests.kit.product import Product, produced

# JSON of any shape.
Json = dict[str, Any]


def daily() -> Json:
    """A schedule whose next time is half a day away, whatever time it is."""
    at = datetime.now(UTC) + timedelta(hours=12)
    return {"cron": f"{at.minute} {at.hour} * * *", "zone": "UTC"}


@dataclass
class Puller:
    """What pulls."""

    product: Product
    work: AtWork
    database: Database
    log: PostgresLog
    clock: LateClock

    async def idle(self, client: Client) -> None:
        """Wait until nothing of this tenant is left to be done by now."""
        await self.work.idle(ConnectorPulls, client.tenant)

    async def pulled(self, client: Client, id: str) -> Json:
        """The connector after a pull that was asked for."""
        receipt = await client.send("RunConnector", input={"id": id})
        assert "connector" in receipt, receipt
        await self.idle(client)
        return await seen(client, id)


async def seen(client: Client, id: str) -> Json:
    """The connector as it is."""
    found: Json = await client.send("Connector", id=id)
    return found


async def registered(client: Client, url: str, mode: str = "INCREMENTAL", **more: Any) -> Json:
    """What comes of registering a connector, for a source of its own."""
    source = await client.send("RegisterSource", input={"name": f"CRM {mode}"})
    given = {
        "name": "Contacts",
        "sourceId": source["source"]["id"],
        "url": url,
        "mode": mode,
        "eventType": "contact.changed",
        "itemsPath": "data.items",
        "timePath": "changed",
        "cursorPath": "data.next",
        "parameter": "cursor",
        "header": RIGHT,
        **({"seconds": 10} if mode == "REAL_TIME" else {}),
        **more,
    }
    receipt: Json = await client.send("RegisterConnector", input=given)
    return receipt


async def connected(client: Client, url: str, mode: str = "INCREMENTAL", **more: Any) -> str:
    """The id of a connector."""
    receipt = await registered(client, url, mode, **more)
    assert "connector" in receipt, receipt
    return str(receipt["connector"]["id"])


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product, which may call this machine."""
    async with produced(settings, outgoing_loopback=True) as product:
        yield product


@pytest.fixture(scope="module")
async def pulling(product: Product) -> AsyncIterator[Puller]:
    """What pulls."""
    async with at_work(product.settings, ConnectorPulls, poll=0.02) as work:
        yield Puller(product, work, work.database, work.writes.log, work.clock)


@pytest.fixture
def puller(pulling: Puller) -> Puller:
    """What pulls, at this moment."""
    pulling.clock.ahead = timedelta()
    return pulling
