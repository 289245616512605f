"""What connectors are told: what cannot pull is refused before it is stored."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.placement import fence
from tests.connectors.conftest import Puller, connected, daily, registered, seen
from tests.connectors.crm import RIGHT, Crm
from tests.kit.client import Client
from tests.outgoing.servers import destination

URL = "https://crm.example/contacts"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"cron": "61 * * * *"}, "connector_unsuitable", "cron"),
        ({"zone": "Europe/Atlantis"}, "invalid", "zone"),
        ({"seconds": 10}, "connector_unsuitable", "seconds"),
        ({"timePath": None}, "connector_unsuitable", "timePath"),
        ({"goneType": "contact.gone"}, "connector_unsuitable", "goneType"),
        ({"cursorPath": None}, "connector_unsuitable", "cursorPath"),
        ({"parameter": None}, "connector_unsuitable", "parameter"),
        ({"pagination": "PAGE", "cursorPath": None}, "connector_unsuitable", "pagination"),
        ({"url": "https://10.0.0.1/"}, "webhook_url_refused", "url"),
        ({"url": "ftp://crm.example/"}, "webhook_url_refused", "url"),
        ({"header": "Host: crm.example"}, "invalid", "header"),
        ({"header": "a secret"}, "invalid", "header"),
        ({"header": f"X-Key: {'a' * 7_994}"}, "invalid", "header"),
        ({"eventType": "Changed"}, "invalid", "eventType"),
        ({"itemsPath": "data..items"}, "invalid", "itemsPath"),
    ],
)
async def test_what_cannot_pull_is_refused(
    client: Client, change: dict[str, Any], code: str, field: str
) -> None:
    refused = await registered(client, **{"url": URL, **change})
    assert (refused["code"], refused["field"]) == (code, field)
    assert (await client.send("Connectors"))["edges"] == []


async def test_a_name_is_taken_once_and_is_free_again_after_its_connector(client: Client) -> None:
    id = await connected(client, URL)
    source = await client.send("Connector", id=id)
    given = {
        "name": "contacts",
        "sourceId": source["source"]["id"],
        "url": URL,
        "mode": "FULL",
        "pagination": "LINK",
        "eventType": "contact.changed",
    }
    assert (await client.send("RegisterConnector", input=given))["code"] == "already_taken"
    assert "connector" in await client.send("DeleteConnector", input={"id": id})
    assert "connector" in await client.send("RegisterConnector", input=given)


async def test_a_header_may_be_as_long_as_it_says(client: Client) -> None:
    assert "connector" in await registered(client, URL, header=f"X-Key: {'a' * 7_993}")


async def test_a_tenant_has_twenty_at_the_most(client: Client) -> None:
    id = await connected(client, URL, name="0")
    source = (await client.send("Connector", id=id))["source"]["id"]
    given = {
        "sourceId": source,
        "url": URL,
        "mode": "FULL",
        "pagination": "LINK",
        "eventType": "contact.changed",
    }
    sent = (client.send("RegisterConnector", input={"name": str(number), **given}) for number in range(1, 23))
    receipts = await asyncio.gather(*sent)
    assert sum("connector" in receipt for receipt in receipts) == 19
    assert {receipt.get("code") for receipt in receipts} == {None, "too_many_connectors"}


async def test_pausing_and_resuming_twice_is_refused(client: Client) -> None:
    id = {"id": await connected(client, URL, **daily())}
    paused = (await client.send("PauseConnector", input=id))["connector"]
    assert (paused["active"], paused["nextAt"]) == (False, None)
    assert (await client.send("PauseConnector", input=id))["code"] == "connector_paused"
    resumed = (await client.send("ResumeConnector", input=id))["connector"]
    assert resumed["active"]
    assert resumed["nextAt"] is not None
    assert (await client.send("ResumeConnector", input=id))["code"] == "connector_active"
    changed = await client.send("ChangeConnector", input={**id, "cron": None, "name": "People"})
    assert (changed["connector"]["cron"], changed["connector"]["nextAt"]) == (None, None)
    assert changed["connector"]["name"] == "People"


async def test_a_load_that_comes_in_while_its_tenant_is_moved_comes_in_afterwards(
    puller: Puller, client: Client, database_url: str
) -> None:
    crm = Crm(1, 2, 3)
    crm.faults = {"": ["500"]}
    owner = await asyncpg.connect(database_url)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, "FULL", timePath=None)
        await puller.pulled(client, id)
        await fence.freeze(owner, client.tenant)
        puller.clock.ahead = timedelta(seconds=30)
        await puller.idle(client)
        assert len(crm.asked) == 3
        await fence.lift(owner, client.tenant)
        puller.clock.ahead = timedelta(seconds=90)
        await puller.idle(client)
        row = await seen(client, id)
    await owner.close()
    assert (row["accepted"], row["error"]) == (3, None)


async def test_a_header_that_cannot_be_read_pauses_nothing(
    puller: Puller, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, own = SealedWebhookSecrets("0" * 64), SealedWebhookSecrets.seal
    crm = Crm(1)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, **daily())
        with monkeypatch.context() as patch:
            patch.setattr(SealedWebhookSecrets, "seal", lambda _, id, secret: own(others, id, secret))
            await client.send("ChangeConnector", input={"id": id, "header": RIGHT})
        await puller.pulled(client, id)
        for seconds in (10, 60, 600):
            puller.clock.ahead = timedelta(seconds=seconds)
            await puller.idle(client)
        row = await seen(client, id)
        assert (row["error"], row["active"], crm.asked) == ("secret_unreadable", True, [])
        assert row["nextAt"] is not None
        await client.send("ChangeConnector", input={"id": id, "header": RIGHT})
        row = await puller.pulled(client, id)
    assert (row["error"], row["accepted"]) == (None, 1)
