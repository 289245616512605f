"""Events are exported to tools, each by its protocol, each once, and no more of them than is mapped."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.conftest import Sender
from tests.webhooks.test_webhook_deliveries import BUSY, hang, registered, task
from tests.webhooks.tools import Answer, Salesforce, answers, closes, ga4, hubspot, mixpanel, segment

CREDENTIALS = {
    "SEGMENT": ["writeKey=key"],
    "MIXPANEL": ["username=robot", "secret=right", "projectId=7"],
    "GA4": ["measurementId=G-1", "apiSecret=right"],
    "HUBSPOT": ["accessToken=right"],
    "SALESFORCE": ["clientId=us", "clientSecret=right", "externalId=Headwater__c"],
}
CONTACT = {"HUBSPOT": ["email=email", "firstname=firstName"], "SALESFORCE": ["LastName=lastName"]}


async def exported(client: Client, kind: str, url: str, **more: Any) -> str:
    """The id of a new destination, for users where it keeps contacts and for tasks otherwise."""
    given = {
        "name": "Ours",
        "kind": kind,
        "url": url.removesuffix("/hook"),
        "types": ["identity.user.registered"] if kind in CONTACT else ["work.task"],
        "mapping": CONTACT.get(kind, ["title=title"]),
        "credentials": CREDENTIALS[kind],
        **more,
    }
    receipt = await client.send("RegisterDestination", input=given)
    assert "webhook" in receipt, receipt
    return str(receipt["webhook"]["id"])


async def newest(sender: Sender, client: Client, id: str) -> tuple[str, list[str | None]]:
    """Status and errors of what was sent last."""
    [delivery, *_] = await sender.deliveries(client, id)
    return delivery["status"], [attempt["error"] for attempt in delivery["attempts"]]


async def test_segment_is_sent_tracks_and_identifies(sender: Sender, owner: Client) -> None:
    async with destination(behave=answers(segment)) as server:
        types = ["work.task.created", "identity.user.registered"]
        id = await exported(owner, "SEGMENT", server.url, types=types, mapping=["name=title", "email=email"])
        thing = await task(owner)
        await sender.product.newcomer("Zoe", tenant=owner.tenant)
        await sender.quiet()
    calls = [json.loads(each.body)["batch"][0] for each in server.received]
    track, identify = sorted(calls, key=lambda call: str(call["type"]), reverse=True)
    assert (track["event"], track["userId"]) == ("work.task.created", owner.me)
    assert track["properties"] == {"name": "Mow"}
    assert (identify["type"], "@" in identify["traits"]["email"]) == ("identify", True)
    assert thing not in str(track)
    key = base64.b64encode(b"key:").decode()
    assert {each.headers["authorization"] for each in server.received} == {f"Basic {key}"}
    messages = {delivery["message"] for delivery in await sender.deliveries(owner, id)}
    assert messages == {call["messageId"] for call in calls}


def _id(kind: str, body: Any) -> str:
    if kind == "SEGMENT":
        return str(body["batch"][0]["messageId"])
    return str(
        body[0]["properties"]["$insert_id"]
        if kind == "MIXPANEL"
        else body["events"][0]["params"]["message_id"]
    )


async def test_the_same_event_is_sent_again_under_the_same_id(sender: Sender, owner: Client) -> None:
    for kind, tool in (("SEGMENT", segment), ("MIXPANEL", mixpanel), ("GA4", ga4)):
        async with destination(BUSY) as server:
            id = await exported(owner, kind, server.url)
            await task(owner)
            await server.has(1)
            await sender.idle()
            server.behave = answers(tool)
            sender.clock.ahead += timedelta(seconds=6)
            await sender.quiet()
            [delivery] = await sender.deliveries(owner, id)
            assert (delivery["status"], len(delivery["attempts"])) == ("DELIVERED", 2)
            await owner.send("ReplayWebhookEvent", input={"id": id, "eventId": delivery["eventId"]})
            await sender.quiet()
            assert "webhook" in await owner.send("DeleteWebhook", input={"id": id})
        assert len(server.received) == 3
        assert len({_id(kind, json.loads(each.body)) for each in server.received}) == 1


async def test_a_record_that_is_refused_is_not_tried_again(sender: Sender, owner: Client) -> None:
    async with destination(behave=answers(mixpanel)) as server:
        id = await exported(owner, "MIXPANEL", server.url, mapping=["plan=title"])
        await task(owner, "refused")
        await sender.quiet()
        assert await newest(sender, owner, id) == ("FAILED", ["record_refused"])
        await task(owner, "fine")
        await sender.quiet()
        assert await newest(sender, owner, id) == ("DELIVERED", [None])
        webhook = await owner.send("Webhook", id=id, afterPosition=str(await sender.log.head()))
    # One record is not the destination: nobody is told that it fails.
    assert (webhook["active"], webhook["failingSince"]) == (True, None)
    assert len(server.received) == 2


async def test_ga4_is_sent_names_that_it_takes_and_is_asked_whether_it_would(
    sender: Sender, owner: Client
) -> None:
    async with destination(behave=answers(ga4)) as server:
        id = await exported(owner, "GA4", server.url, mapping=["ga_title=title"])
        await task(owner, "A" * 200)
        await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
        replaced = {"id": id, "credentials": ["measurementId=G-1", "apiSecret=wrong"]}
        assert "webhook" in await owner.send("ReplaceDestinationCredentials", input=replaced)
        await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
        assert await newest(sender, owner, id) == ("FAILED", ["not_valid"])
    [sent] = [each for each in server.received if not each.target.startswith("/debug/")]
    [event] = json.loads(sent.body)["events"]
    assert event["name"] == "work_task_created"
    assert event["params"]["hw_ga_title"] == "A" * 100
    statuses = [each["status"] for each in await sender.deliveries(owner, id)]
    assert sorted(statuses) == ["DELIVERED", "DELIVERED", "FAILED"]


async def test_hubspot_keeps_contacts_by_address_and_waits_as_long_as_it_says(
    sender: Sender, owner: Client
) -> None:
    slow = [True]

    def tool(received: Any) -> Answer:
        return (429, {"category": "RATE_LIMITS"}, {"Retry-After": "100"}) if slow else hubspot(received)

    async with destination(behave=answers(tool)) as server:
        id = await exported(owner, "HUBSPOT", server.url)
        await sender.product.newcomer("Zoe", tenant=owner.tenant)
        await server.has(1)
        await sender.idle()
        slow.clear()
        sender.clock.ahead = timedelta(seconds=90)
        await sender.idle()
        assert len(server.received) == 1
        sender.clock.ahead = timedelta(seconds=111)
        await sender.quiet()
        assert await newest(sender, owner, id) == ("DELIVERED", ["http_429", None])
        await sender.product.newcomer("Refused", tenant=owner.tenant)
        await sender.quiet()
        assert await newest(sender, owner, id) == ("FAILED", ["record_refused"])
    [contact] = json.loads(server.received[1].body)["inputs"]
    assert (contact["idProperty"], contact["id"]) == ("email", contact["properties"]["email"])
    assert contact["properties"]["firstname"] == "Zoe"


async def test_salesforce_is_asked_for_a_token_again_once_it_has_ended(sender: Sender, owner: Client) -> None:
    tool = Salesforce()
    async with destination(behave=answers(tool)) as server:
        id = await exported(owner, "SALESFORCE", server.url, mapping=["LastName=firstName"])
        await sender.product.newcomer("Zoe", tenant=owner.tenant)
        await sender.quiet()
        tool.good.clear()
        await sender.product.newcomer("Yve", tenant=owner.tenant)
        await sender.quiet()
        assert tool.given == 2
        assert sorted(each["LastName"] for each in tool.contacts.values()) == ["Yve", "Zoe"]
        tool.error = "DUPLICATES_DETECTED"
        await sender.product.newcomer("Xia", tenant=owner.tenant)
        await sender.quiet()
        assert await newest(sender, owner, id) == ("FAILED", ["record_refused"])
        replaced = {"id": id, "credentials": ["clientId=us", "clientSecret=wrong", "externalId=Headwater__c"]}
        await owner.send("ReplaceDestinationCredentials", input=replaced)
        await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
        assert await newest(sender, owner, id) == ("FAILED", ["sign_in_refused"])
    assert tool.given == 2
    assert len(server.received) == 2 + 3 + 1 + 1


async def test_what_breaks_off_is_tried_again_and_what_hangs_slows_no_other(
    sender: Sender, owner: Client
) -> None:
    async with destination(behave=closes) as broken, destination(behave=hang) as dead:
        async with destination(behave=answers(segment)) as living:
            id = await exported(owner, "MIXPANEL", broken.url)
            stuck = await exported(owner, "GA4", dead.url)
            await exported(owner, "SEGMENT", living.url)
            for number in range(8):
                await task(owner, f"Number {number}")
            await living.has(8, within=40)
            assert len(dead.received) <= 2
            await owner.send("DeleteWebhook", input={"id": stuck})
        await broken.has(8)
        broken.behave = answers(mixpanel)
        sender.clock.ahead = timedelta(seconds=6)
        await sender.quiet()
    deliveries = await sender.deliveries(owner, id)
    assert {each["attempts"][0]["error"] for each in deliveries} == {"connection_broken"}


async def test_nothing_leaves_that_is_not_mapped_and_nothing_about_who_was_erased(
    sender: Sender, owner: Client
) -> None:
    async with destination(behave=answers(segment)) as bare, destination(behave=answers(segment)) as mapped:
        types = ["identity.user.registered"]
        await exported(owner, "SEGMENT", bare.url, types=types, mapping=[])
        id = await exported(owner, "SEGMENT", mapped.url, types=types, mapping=["email=email"])
        zoe = await sender.product.newcomer("Zoe", tenant=owner.tenant)
        await sender.quiet()
        assert json.loads(bare.received[0].body)["batch"][0]["traits"] == {}
        assert b"zoe" not in bare.received[0].body.lower()
        assert b"zoe" in mapped.received[0].body.lower()
        [sent] = await sender.deliveries(owner, id)
        await sender.ring.destroy(owner.tenant, zoe.user)
        await owner.send("ReplayWebhookEvent", input={"id": id, "eventId": sent["eventId"]})
        await sender.quiet()
        assert await newest(sender, owner, id) == ("WITHHELD", [])
    assert len(mapped.received) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"credentials": ["accessToken=x", "more=y"]}, "credentials_unsuitable"),
        ({"credentials": ["accessToken=x\n"]}, "credentials_unsuitable"),
        ({"credentials": ["accessToken=x\naccessToken=y"]}, "credentials_unsuitable"),
        ({"credentials": ["accessToken=x", "accessToken=y"]}, "credentials_unsuitable"),
        ({"credentials": ["accessToken="]}, "credentials_unsuitable"),
        ({"mapping": ["firstname=firstName"]}, "destination_mapping_missing"),
        (
            {
                "kind": "SALESFORCE",
                "credentials": CREDENTIALS["SALESFORCE"],
                "mapping": ["LastName=lastName"],
            },
            "url",
        ),
        ({"kind": "WEBHOOK"}, "not_a_destination"),
        ({"url": "https://10.0.0.1"}, "webhook_url_refused"),
    ],
    ids=["another", "line end", "two lines", "twice", "empty", "mapping", "no address", "plain", "private"],
)
async def test_what_a_tool_cannot_do_without_is_asked_for_at_once(
    sender: Sender, owner: Client, change: dict[str, Any], code: str
) -> None:
    given = {
        "name": "Ours",
        "kind": "HUBSPOT",
        "types": ["identity.user"],
        "mapping": CONTACT["HUBSPOT"],
        "credentials": CREDENTIALS["HUBSPOT"],
        **change,
    }
    refused = await owner.send("RegisterDestination", input=given)
    assert code in refused["code"], refused


async def test_credentials_are_told_by_name_alone_and_a_destination_is_no_plain_webhook(
    sender: Sender, owner: Client
) -> None:
    id = await exported(owner, "SEGMENT", "https://tool.example.com/hook", credentials=["writeKey=hidden1"])
    seen = await owner.send("Webhook", id=id, afterPosition=str(await sender.log.head()))
    assert (seen["kind"], seen["credentials"], seen["mapping"]) == ("SEGMENT", ["writeKey"], ["title=title"])
    stored = await sender.database.writer.fetch("select payload::text from es.events")
    assert not [row for row in stored if "hidden1" in str(row)]
    for refused in (
        await owner.send("RotateWebhookSecret", input={"id": id}),
        await owner.send("ChangeWebhook", input={"id": id, "name": "Other"}),
    ):
        assert refused["code"] == "not_a_plain_webhook"
    plain = (await registered(owner, "https://shop.example.com/hook"))["webhook"]["id"]
    refused = await owner.send("ChangeDestination", input={"id": plain, "name": "Other"})
    assert refused["code"] == "not_a_destination"
    changed = await owner.send("ChangeDestination", input={"id": id, "mapping": ["name=title"]})
    assert changed["webhook"]["mapping"] == ["name=title"]
    stranger = await sender.product.newcomer()
    assert (await stranger.send("ChangeDestination", input={"id": id, "name": "Other"}))[
        "code"
    ] == "not_found"
