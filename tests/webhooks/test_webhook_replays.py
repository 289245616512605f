"""What is sent to webhooks again because somebody asks for it, and to try them."""

import json
from datetime import timedelta
from uuid import UUID

from tests.gateway.sending import a_source, event
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.conftest import Sender
from tests.webhooks.test_webhook_deliveries import BUSY, FINE, registered, task


async def test_what_is_asked_for_again_is_sent_now(sender: Sender, owner: Client) -> None:
    async with destination(BUSY) as server:
        receipt = await registered(owner, server.url, ordered=True)
        id = receipt["webhook"]["id"]
        await task(owner)
        await server.has(1)
        await sender.idle()
        [waiting] = await sender.deliveries(owner, id)
        server.answer = FINE
        again = {"id": id, "eventId": waiting["eventId"]}
        assert "webhook" in await owner.send("ReplayWebhookEvent", input=again)
        await server.has(2)
        await sender.idle()
        replayed, first = await sender.deliveries(owner, id)
        assert (replayed["status"], first["status"]) == ("DELIVERED", "RETRYING")
        unknown = {"id": id, "eventId": str(UUID(int=7))}
        refused = await owner.send("ReplayWebhookEvent", input=unknown)
        assert (refused["code"], refused["field"]) == ("not_found", "eventId")
        await owner.send("DeleteWebhook", input={"id": id})
        sender.clock.ahead = timedelta(seconds=6)
        await sender.quiet()


async def test_an_outside_event_is_followed_to_its_deliveries_and_back(sender: Sender, owner: Client) -> None:
    source = await a_source(sender.product, owner)
    async with destination() as server:
        id = (await registered(owner, server.url, types=["gateway.event", "work.task"]))["webhook"]["id"]
        first, sent = event(), event()
        *_, last = await source.answers(first, sent)
        await task(owner)
        await sender.quiet()
        wanted = {"eventId": {"eq": sent["eventId"]}}
        found = await owner.send("OutsideEvents", filter=wanted, afterPosition=last["position"])
        [outside] = [edge["node"]["id"] for edge in found["edges"]]
        [delivery] = await sender.deliveries(owner, id, entityId=outside)
        assert (delivery["entityId"], delivery["eventType"]) == (outside, "gateway.event.accepted")
        again = {"id": id, "eventId": delivery["eventId"]}
        assert "webhook" in await owner.send("ReplayWebhookEvent", input=again)
        await sender.quiet()
        replayed = await sender.deliveries(owner, id, entityId=outside)
        assert [each["replay"] for each in replayed] == [True, False]
        assert await sender.deliveries(owner, id, entityId=owner.me) == []
        stranger = await sender.product.newcomer()
        refused = await stranger.send("WebhookDeliveries", id=id, entityId=outside)
        assert refused is None
    assert await owner.send("OutsideEvent", id=delivery["entityId"]) == found["edges"][0]["node"]


async def test_a_test_event_arrives_and_an_event_is_sent_again(sender: Sender, owner: Client) -> None:
    async with destination() as server:
        receipt = await registered(owner, server.url)
        id = receipt["webhook"]["id"]
        await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
        assert json.loads(server.received[0].body)["type"] == "webhook.test"
        await task(owner)
        await sender.quiet()
        newest, tested = await sender.deliveries(owner, id)
        assert tested["eventType"] == "webhook.test"
        again = {"id": id, "eventId": newest["eventId"]}
        assert "webhook" in await owner.send("ReplayWebhookEvent", input=again)
        await sender.quiet()
        replayed, first, _ = await sender.deliveries(owner, id)
    assert [each["replay"] for each in (replayed, first)] == [True, False]
    assert replayed["message"] == first["message"]
    assert [each.headers["webhook-id"] for each in server.received[1:]] == [first["message"]] * 2
