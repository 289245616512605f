"""Webhooks are called: real servers on this machine, that take it, refuse it, hang, or are gone."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from domain.identity.user_commands import ConfirmUserEmail
from domain.kit.caller import Caller
from tests.domain.sending import accepted
from tests.kit.client import Client
from tests.outgoing.servers import Destination, Received, destination
from tests.webhooks.conftest import Sender

BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
FINE = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


async def registered(client: Client, url: str, **more: Any) -> dict[str, Any]:
    """The receipt of a webhook for tasks."""
    given = {"name": "Ours", "url": url, "types": ["work.task"], **more}
    receipt: dict[str, Any] = await client.send("RegisterWebhook", input=given)
    assert "secret" in receipt, receipt
    return receipt


async def task(client: Client, title: str = "Mow", **more: Any) -> str:
    receipt = await client.send("CreateTask", input={"title": title, **more})
    return str(receipt["task"]["id"])


def verified(secret: str, received: Received) -> Any:
    """What a receiver reads that verifies as the standard's own library does."""
    return Verifier(secret).verify(received.body, received.headers)


async def test_an_event_arrives_signed_once(sender: Sender, owner: Client) -> None:
    async with destination() as server:
        receipt = await registered(owner, server.url)
        id = await task(owner)
        await sender.quiet()
    [received] = server.received
    assert received.headers["content-type"] == "application/json"
    body = verified(receipt["secret"], received)
    assert body.pop("timestamp")
    assert body.pop("correlationId")
    event_id = body.pop("eventId")
    data = body.pop("data")
    assert body == {
        "type": "work.task.created",
        "entity": {"type": "task", "id": id},
        "version": 1,
        "by": owner.me,
        "withheld": [],
    }
    assert (data["title"], data["priority"], data["assignedTo"]) == ("Mow", "medium", None)
    [delivery] = await sender.deliveries(owner, receipt["webhook"]["id"])
    assert (delivery["status"], delivery["eventId"], delivery["eventType"]) == (
        "DELIVERED",
        event_id,
        "work.task.created",
    )
    assert delivery["message"] == received.headers["webhook-id"]
    [attempt] = delivery["attempts"]
    assert (attempt["status"], attempt["error"]) == (204, None)
    with pytest.raises(WebhookVerificationError):
        verified("whsec_" + "A" * 44, received)


async def test_what_is_no_event_of_it_is_not_sent(sender: Sender, owner: Client) -> None:
    async with destination() as server:
        await registered(owner, server.url, types=["work.task.completed"], conditions=["status=completed"])
        await registered(owner, server.url, types=["work.task.created"], conditions=["priority=high"])
        await registered(owner, server.url, types=["work.project"])
        await task(owner)
        await task(owner, "Weed", priority="HIGH")
        stranger = await sender.product.newcomer()
        await task(stranger)
        await sender.quiet()
    bodies = [json.loads(received.body) for received in server.received]
    assert [body["data"]["title"] for body in bodies] == ["Weed"]


async def test_tries_again_under_the_same_id_with_a_signature_of_that_moment(
    sender: Sender, owner: Client
) -> None:
    async with destination(BUSY) as server:
        receipt = await registered(owner, server.url)
        await task(owner)
        await server.has(1)
        await sender.idle()
        [delivery] = await sender.deliveries(owner, receipt["webhook"]["id"])
        assert delivery["status"] == "RETRYING"
        assert [attempt["error"] for attempt in delivery["attempts"]] == ["http_503"]
        server.answer = FINE
        sender.clock.ahead = timedelta(seconds=6)
        await sender.quiet()
    first, second = server.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 5
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    for received in server.received:
        verified(receipt["secret"], received)
    [delivery] = await sender.deliveries(owner, receipt["webhook"]["id"])
    assert delivery["status"] == "DELIVERED"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503, 204]


async def test_gives_an_event_up_after_eight_tries_and_says_since_when_nothing_arrives(
    sender: Sender, owner: Client
) -> None:
    async with destination(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n") as server:
        receipt = await registered(owner, server.url)
        id = receipt["webhook"]["id"]
        await task(owner)
        for tries, hours in enumerate((0, 0.01, 0.2, 1, 4, 10, 22, 34), 1):
            sender.clock.ahead = timedelta(hours=hours)
            await server.has(tries)
            await sender.idle()
        await sender.quiet()
        [delivery] = await sender.deliveries(owner, id)
        assert delivery["status"] == "FAILED"
        assert [attempt["error"] for attempt in delivery["attempts"]] == ["http_302"] * 8
        position = str(await sender.log.head())
        webhook = await owner.send("Webhook", id=id, afterPosition=position)
        assert (webhook["active"], webhook["failingSince"] is None) == (True, False)
        server.answer = FINE
        await task(owner, "Weed")
        await sender.quiet()
        webhook = await owner.send("Webhook", id=id, afterPosition=str(await sender.log.head()))
        assert webhook["failingSince"] is None


@pytest.mark.parametrize(
    "said",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2027 00:00:00 +99999999999999",
        "9" * 400,
        "soon",
    ],
)
async def test_a_wait_that_makes_no_sense_is_none(sender: Sender, owner: Client, said: str) -> None:
    answer = f"HTTP/1.1 503 Busy\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n".encode()
    async with destination(answer) as server:
        receipt = await registered(owner, server.url)
        await task(owner)
        await server.has(1)
        await sender.idle()
        [delivery] = await sender.deliveries(owner, receipt["webhook"]["id"])
        assert [attempt["error"] for attempt in delivery["attempts"]] == ["http_503"]
        server.answer = FINE
        sender.clock.ahead = timedelta(seconds=6)
        await sender.quiet()
    assert len(server.received) == 2


async def test_waits_as_long_as_the_destination_asks(sender: Sender, owner: Client) -> None:
    answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    async with destination(answer) as server:
        receipt = await registered(owner, server.url)
        await task(owner)
        await server.has(1)
        await sender.idle()
        sender.clock.ahead = timedelta(minutes=59)
        await sender.idle()
        assert len(server.received) == 1
        server.answer = FINE
        sender.clock.ahead = timedelta(minutes=61)
        await sender.quiet()
    assert len(server.received) == 2
    [delivery] = await sender.deliveries(owner, receipt["webhook"]["id"])
    assert delivery["status"] == "DELIVERED"


async def _proved(sender: Sender, owner: Client) -> None:
    by = Caller(tenant_id=owner.tenant, user_id=owner.user)
    await accepted(sender.bus, ConfirmUserEmail(id=owner.user), by=by)


def _mailed(sender: Sender, owner: Client) -> list[str]:
    return [
        str(message["subject"]) for message in sender.inbox.messages if str(owner.user) in str(message["to"])
    ]


async def test_who_is_gone_is_switched_off_at_once_and_the_admins_hear_of_it(
    sender: Sender, owner: Client
) -> None:
    await _proved(sender, owner)
    async with destination(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n") as server:
        receipt = await registered(owner, server.url)
        await task(owner)
        await sender.quiet()
        await task(owner, "Weed")
        await sender.quiet()
    assert len(server.received) == 1
    webhook = await owner.send(
        "Webhook", id=receipt["webhook"]["id"], afterPosition=str(await sender.log.head())
    )
    assert (webhook["active"], webhook["stopped"]) == (False, "GONE")
    assert _mailed(sender, owner) == ["A webhook was switched off"]


async def test_after_five_days_without_success_it_is_switched_off(sender: Sender, owner: Client) -> None:
    await _proved(sender, owner)
    async with destination(BUSY) as server:
        receipt = await registered(owner, server.url)
        id = receipt["webhook"]["id"]
        await task(owner)
        await server.has(1)
        await sender.idle()
        sender.clock.ahead = timedelta(days=6)
        await task(owner, "Weed")
        await sender.idle()
        webhook = await owner.send("Webhook", id=id, afterPosition=str(await sender.log.head()))
        assert (webhook["active"], webhook["stopped"]) == (False, "FAILING")
        await sender.quiet()
        assert _mailed(sender, owner) == ["A webhook was switched off"]
        # What waited is not sent any more, and can be replayed.
        assert {each["status"] for each in await sender.deliveries(owner, id)} <= {"FAILED", "SKIPPED"}
        server.answer, server.received = FINE, []
        assert "webhook" in await owner.send("EnableWebhook", input={"id": id})
        since = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
        count = await owner.send("WebhookReplayCount", id=id, **since)
        assert count == {"events": 2, "complete": True}
        assert "webhook" in await owner.send("ReplayWebhook", input={"id": id, "since": since["since"]})
        await sender.quiet()
    assert len(server.received) == 2


async def hang(server: Destination, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def test_one_dead_destination_slows_no_other(sender: Sender, owner: Client) -> None:
    async with destination(behave=hang) as dead, destination() as living:
        webhook = await registered(owner, dead.url)
        await registered(owner, living.url)
        for number in range(12):
            await task(owner, f"Number {number}")
        await living.has(12, within=40)
        assert len(dead.received) <= 2
        await owner.send("DeleteWebhook", input={"id": webhook["webhook"]["id"]})
    await sender.quiet()


async def test_in_order_by_thing_where_that_is_asked_for(sender: Sender, owner: Client) -> None:
    async with destination(BUSY) as server:
        await registered(owner, server.url, ordered=True)
        first = await task(owner)
        await server.has(1)
        await owner.send("ChangeTaskStatus", input={"id": first, "status": "IN_PROGRESS"})
        second = await task(owner, "Weed")
        await server.has(2)
        await sender.idle()
        assert [json.loads(each.body)["entity"]["id"] for each in server.received] == [first, second]
        server.answer = FINE
        sender.clock.ahead = timedelta(seconds=6)
        await sender.quiet()
    told = [json.loads(each.body) for each in server.received[2:]]
    of_first = [body["type"] for body in told if body["entity"]["id"] == first]
    assert of_first == ["work.task.created", "work.task.status_changed"]


async def test_both_secrets_sign_while_one_replaces_the_other(sender: Sender, owner: Client) -> None:
    async with destination() as server:
        receipt = await registered(owner, server.url)
        id = receipt["webhook"]["id"]
        rotated = await owner.send("RotateWebhookSecret", input={"id": id})
        assert rotated["secret"] != receipt["secret"]
        await task(owner)
        await sender.quiet()
        for secret in (receipt["secret"], rotated["secret"]):
            verified(secret, server.received[0])
        sender.clock.ahead = timedelta(hours=25)
        await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
    assert len(server.received[1].headers["webhook-signature"].split()) == 1
