"""A worker killed at any point of a pull loses no item, and takes and counts none twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.entry.processes import enrolled
from app.storage.database import Database
from domain.gateway.connectors.pulls import ConnectorPulls
from tests.connectors.conftest import connected, seen
from tests.connectors.crm import Crm, contact
from tests.connectors.test_tools import KEY, payloads
from tests.connectors.test_tools import connected as tool_connected
from tests.connectors.tools import Ga4
from tests.kit.client import Client
from tests.kit.process_worker import Child, product_child
from tests.kit.product import Product
from tests.outgoing.servers import destination
from tests.webhooks.tools import answers

pytestmark = pytest.mark.servers


@pytest.fixture
async def child(product: Product) -> AsyncIterator[Child]:
    settings = product.settings
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    try:
        await enrolled(database, [ConnectorPulls.__new__(ConnectorPulls)])
    finally:
        await database.close()
    async with product_child(settings, ConnectorPulls) as child:
        yield child


# The modes differ in what they do, not in how it is noted.
@pytest.mark.parametrize(("mode", "at"), [("INCREMENTAL", ""), ("FULL", " performed")])
async def test_a_worker_killed_at_any_point_takes_each_item_once(
    client: Client, child: Child, mode: str, at: str
) -> None:
    crm = Crm(1, 2)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, mode)
        point, ended = 0, "exit -9"
        while ended == "exit -9":
            point += 1
            crm.contacts.append(contact(100 + point))
            assert "connector" in await client.send("RunConnector", input={"id": id})
            ended = await child.run(f"{point}{at}")
            if ended == "exit -9":
                assert await child.run(0) == "exit 0"
            row = await seen(client, id)
            assert (row["accepted"], row["rejected"]) == (len(crm.contacts), 0), f"killed at {point}"
    assert ended == "exit 0"
    assert point > 3
    found = await client.send("OutsideEvents", filter={"eventType": {"eq": "contact.changed"}}, first=50)
    assert len(found["edges"]) == len(crm.contacts)


async def test_a_figure_that_comes_back_comes_in_once_though_its_cursor_was_not_stored(
    client: Client, child: Child
) -> None:
    today = str(datetime.now(UTC).date())
    tool = Ga4(KEY.public_key())
    settings = [f"since={today}", "propertyId=42", "metrics=eventCount"]
    async with destination(behave=answers(tool)) as server:
        id = await tool_connected(client, "GA4", server.url, settings=settings)
        for count, figure in enumerate((5, 7, 5), 1):
            tool.figures[today] = {"login": figure}
            assert "connector" in await client.send("RunConnector", input={"id": id})
            assert await child.run("1 performed") == "exit -9"
            assert await child.run(0) == "exit 0"
            row = await seen(client, id)
            assert (row["accepted"], row["duplicates"], row["error"]) == (count, 0, None)
    found = await payloads(client, "analytics.report_row")
    assert sorted(each["metrics"]["eventCount"] for each in found) == [5, 5, 7]
