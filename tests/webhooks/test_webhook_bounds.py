"""How much a tenant may have sent: webhooks, destinations, and what waits for one."""

import asyncio

import pytest

from domain.processes.webhooks.deliveries import WebhookDeliveries
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.conftest import Sender
from tests.webhooks.test_webhook_deliveries import BUSY, FINE, registered, task


async def test_who_fails_while_too_much_waits_is_switched_off_and_it_can_be_replayed(
    sender: Sender, owner: Client
) -> None:
    async with destination(BUSY) as server:
        id = (await registered(owner, server.url))["webhook"]["id"]
        for number in range(4):
            await task(owner, f"Number {number}")
        await server.has(4)
        await sender.idle()
        WebhookDeliveries.most_waiting = 5
        try:
            await task(owner, "One more")
            await sender.quiet()
        finally:
            WebhookDeliveries.most_waiting = 100_000
        webhook = await owner.send("Webhook", id=id, afterPosition=str(await sender.log.head()))
        assert (webhook["active"], webhook["stopped"]) == (False, "BACKLOG")
        server.answer, server.received = FINE, []
        await owner.send("EnableWebhook", input={"id": id})
        await owner.send("ReplayWebhook", input={"id": id, "since": "2020-01-01T00:00:00Z"})
        await sender.quiet()
    assert len(server.received) == 5


async def test_a_tenant_has_fifty_webhooks_and_fifty_destinations_at_the_most(
    sender: Sender, owner: Client
) -> None:
    url = "https://tool.example/hook"
    given = {"name": "Ours", "url": url, "types": ["work.task"]}
    first = (await registered(owner, url))["webhook"]["id"]
    for _ in range(49):
        await registered(owner, url)
    assert (await owner.send("RegisterWebhook", input=given))["code"] == "too_many_webhooks"
    tool = {**given, "kind": "SEGMENT", "credentials": ["writeKey=key"]}
    assert "webhook" in await owner.send("RegisterDestination", input=tool)
    await owner.send("DeleteWebhook", input={"id": first})
    # Of many at one moment, as many as there is room for.
    answers = await asyncio.gather(*(owner.send("RegisterWebhook", input=given) for _ in range(5)))
    assert sorted(each.get("code", "") for each in answers) == ["", *["too_many_webhooks"] * 4]


@pytest.mark.parametrize("operation", ["DeleteWebhook", "DisableWebhook"])
async def test_what_waits_for_a_webhook_that_is_deleted_or_off_waits_no_longer(
    sender: Sender, owner: Client, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr(WebhookDeliveries, "most_skipped", 2)
    later = b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    async with destination(later) as server:
        gone, other = [(await registered(owner, server.url))["webhook"]["id"] for _ in range(2)]
        for number in range(5):
            await task(owner, f"Number {number}")
        await server.has(10)
        await sender.idle()
        await owner.send(operation, input={"id": gone})
        if operation == "DisableWebhook":
            # A test is called for all that, and what comes once it is on again waits its turn.
            await owner.send("SendTestEvent", input={"id": gone})
            await owner.send("EnableWebhook", input={"id": gone})
            await task(owner, "One more")
            await server.has(13)
        await sender.idle()
        query = """select split_part(instance, '/', 1) as webhook, status, count(*),
                          result ->> 'outcome' as outcome, min(jsonb_array_length(result -> 'attempts')) as tries
                     from processes.ledger where tenant_id = $1 and process = $2 and name = 'deliver'
                    group by webhook, status, outcome"""
        rows = await sender.database.writer.fetch(query, owner.tenant, WebhookDeliveries.name)
        for id in (gone, other):
            await owner.send("DeleteWebhook", input={"id": id})
        await sender.quiet()
    found = {tuple(row) for row in rows}
    assert (gone, "done", 5, "skipped", 1) in found
    if operation == "DeleteWebhook":
        assert found == {(gone, "done", 5, "skipped", 1), (other, "pending", 5, None, None)}
        assert len(server.received) == 10
    else:
        assert (gone, "pending", 1, None, None) in found
        assert (gone, "done", 1, "failed", 1) in found
