"""Where credentials go, and what is exported of events from outside."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from app.outgoing.http_client import OutgoingClient
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from domain.gateway.tools.destinations import WebhookKind
from domain.gateway.webhooks import Webhook
from domain.kit.clock import at
from domain.processes.webhooks.tools.caller import ToolCaller
from tests.gateway.sending import a_source, event
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.conftest import Sender, employed
from tests.webhooks.test_destinations import CREDENTIALS, exported
from tests.webhooks.test_webhook_deliveries import registered, task
from tests.webhooks.tools import Salesforce, answers, segment


async def test_credentials_are_sent_to_no_other_address_than_they_were_given_for(
    sender: Sender, owner: Client
) -> None:
    async with destination(behave=answers(segment)) as meant, destination(behave=answers(segment)) as other:
        id = await exported(owner, "SEGMENT", meant.url, credentials=["writeKey=first"])
        there = other.url.removesuffix("/hook")
        refused = await owner.send("ChangeDestination", input={"id": id, "url": there})
        assert (refused["code"], refused["field"]) == ("destination_credentials_missing", "credentials")
        same = {"id": id, "url": meant.url.removesuffix("hook"), "name": "Renamed"}
        assert (await owner.send("ChangeDestination", input=same))["webhook"]["name"] == "Renamed"
        unsuitable = {"id": id, "url": there, "credentials": ["accessToken=x"]}
        refused = await owner.send("ChangeDestination", input=unsuitable)
        assert refused["code"] == "credentials_unsuitable"
        await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
        assert (len(meant.received), other.received) == (1, [])
        moved = {"id": id, "url": there, "credentials": ["writeKey=second"]}
        assert (await owner.send("ChangeDestination", input=moved))["webhook"]["url"] == there
        await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
    keys = [each.headers["authorization"] for each in (*meant.received, *other.received)]
    assert len(keys) == 2
    assert keys[0] != keys[1]


async def test_a_token_is_sent_to_no_other_address_than_gave_it() -> None:
    id, secrets, tools = uuid4(), SealedWebhookSecrets("0" * 64), (Salesforce(), Salesforce())
    registered = Webhook.Registered(
        name="Ours",
        url="",
        types=("identity.user",),
        conditions=(),
        ordered=False,
        with_confidential=True,
        with_personal=True,
        sponsor_id=uuid4(),
        secret=secrets.seal(id, "\n".join(CREDENTIALS["SALESFORCE"])),
        kind=WebhookKind.SALESFORCE,
    )
    with at(datetime.now(UTC)):
        webhook = Webhook.begin(id, registered)
    caller = ToolCaller(OutgoingClient(loopback=True), secrets, 10)
    async with (
        destination(behave=answers(tools[0])) as first,
        destination(behave=answers(tools[1])) as second,
    ):
        for place in (first, first, second):
            webhook.url = place.url.removesuffix("/hook")
            assert await caller.send(webhook, None)
    assert [tool.given for tool in tools] == [1, 1]
    assert [len(place.received) for place in (first, second)] == [3, 2]


async def test_what_an_outside_system_sent_is_mapped_as_payload_and_metadata(
    sender: Sender, owner: Client
) -> None:
    shop = await a_source(sender.product, owner)
    mapping = [
        "email=payload.email",
        "city=payload.address.city",
        "channel=metadata.channel",
        "also=data.payload.address.city",
        "type=eventType",
    ]
    async with destination(behave=answers(segment)) as server:
        await exported(owner, "SEGMENT", server.url, types=["gateway.event"], mapping=mapping)
        payload = {"email": "zoe@example.com", "address": {"city": "Brno"}, "secret": "kept"}
        data = {"payload": payload, "metadata": {"channel": "web"}}
        (answer,) = await shop.answers(event(data=data, userId="zoe", timestamp="2026-03-01T12:00:00+01:00"))
        assert answer["status"] == "accepted"
        await sender.quiet()
    [call] = [json.loads(each.body)["batch"][0] for each in server.received]
    # Its name and time are the outside system's own.
    assert (call["event"], call["timestamp"]) == ("order.created", "2026-03-01T11:00:00Z")
    assert call["properties"] == {
        "email": "zoe@example.com",
        "city": "Brno",
        "channel": "web",
        "also": "Brno",
        "type": "order.created",
    }


async def test_what_only_looks_sealed_keeps_no_event_back(
    sender: Sender, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As what was stored by an earlier version.
    monkeypatch.setattr("domain.gateway.schemas.searchable.resembles_sealed", lambda _: False)
    shop = await a_source(sender.product, owner)
    campaign = {"campaign": {"type": "string", "x-searchable": True}}
    named = {"properties": {"metadata": {"properties": campaign}}}
    await owner.send("RegisterSchema", input={"eventType": "order.created", "schema": named})
    async with destination(behave=answers(segment)) as server:
        await exported(owner, "SEGMENT", server.url, types=["gateway.event"], mapping=["type=eventType"])
        data = {"payload": {}, "metadata": {"campaign": f"hw1.{UUID(owner.me).hex}.1.-.A.B"}}
        (answer,) = await shop.answers(event(data=data, userId="zoe"))
        assert answer["status"] == "accepted"
        await sender.quiet()
    assert len(server.received) == 1


async def test_what_was_mapped_and_left_out_is_named(sender: Sender, owner: Client) -> None:
    role = await owner.send("CreateRole", input={"name": "Hooks", "permissions": ["gateway:webhooks"]})
    guest = await employed(sender, "Tala", tenant=owner.tenant, role="guest")
    await owner.send("GrantRole", input={"id": guest.me, "roleId": role["role"]["id"]})
    guest = sender.product.client(owner.tenant, guest.user, ["gateway:webhooks"], role="guest")
    async with destination(behave=answers(segment)) as server, destination() as plain:
        mapping = ["title=title", "text=description"]
        id = await exported(guest, "SEGMENT", server.url, types=["work.task.created"], mapping=mapping)
        webhook = (await registered(guest, plain.url))["webhook"]["id"]
        await task(owner, description="Kept")
        await sender.quiet()
        # Who may see what was sent sees what was not.
        found = [(await sender.deliveries(owner, each))[0] for each in (id, webhook)]
    assert [each["status"] for each in found] == ["DELIVERED"] * 2
    assert [each["attempts"][0]["withheld"] for each in found] == [["description"]] * 2
    assert json.loads(server.received[0].body)["batch"][0]["properties"] == {"title": "Mow"}


@pytest.mark.parametrize(
    ("types", "path", "found"),
    [
        (["work.task"], "dueDate", True),
        (["work.task"], "description", True),
        (["work.task"], "nonsense", False),
        (["work.task"], "title.first", False),
        (["work.task"], "payload.email", False),
        (["gateway.event"], "payload.email", True),
        (["gateway.event"], "data", True),
        (["gateway.event"], "data.payload.email", True),
        (["gateway.event"], "data.metadata", True),
        (["gateway.event"], "data.email", False),
        (["gateway.event"], "eventType", True),
        (["gateway.event"], "environment", False),
        (["gateway.event"], "payment.paymentId", True),
        (["gateway.event"], "payment.nonsense", False),
    ],
)
async def test_a_mapping_of_what_no_event_has_is_refused(
    client: Client, types: list[str], path: str, found: bool
) -> None:
    given = {"name": "Ours", "kind": "SEGMENT", "types": types, "credentials": CREDENTIALS["SEGMENT"]}
    answer = await client.send("RegisterDestination", input={**given, "mapping": [f"x={path}"]})
    assert (answer.get("code"), answer.get("field")) == (
        (None, None) if found else ("destination_mapping_unmet", "mapping")
    )
    if not found:
        id = (await client.send("RegisterDestination", input=given))["webhook"]["id"]
        refused = await client.send("ChangeDestination", input={"id": id, "mapping": [f"x={path}"]})
        assert refused["code"] == "destination_mapping_unmet"


async def test_who_names_an_outside_type_is_told_how(client: Client) -> None:
    given = {"name": "Ours", "url": "https://example.com/", "types": ["order.created"]}
    refused = await client.send("RegisterWebhook", input=given)
    assert refused["code"] == "webhook_type_unknown"
    assert "gateway.event" in refused["message"]
    assert "eventType=order.created" in refused["message"]
