"""Connectors that know a tool pull its items without being told how, each once, whatever the tool answers."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.connectors.conftest import Json, Puller, seen
from tests.connectors.test_pulls import counts, of_type
from tests.connectors.tools import (
    Ga4,
    HubSpot,
    Mixpanel,
    Salesforce,
    hubspot_contact,
    mixpanel_event,
    salesforce_contact,
)
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.tools import Answer, answers

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service_account(key: rsa.RSAPrivateKey) -> str:
    """The file of a service account, in base64."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    said = {
        "type": "service_account",
        "client_email": "us@example.iam.gserviceaccount.com",
        "private_key": pem,
    }
    return f"serviceAccount={base64.b64encode(json.dumps(said).encode()).decode()}"


CREDENTIALS = {
    "HUBSPOT": ["accessToken=right"],
    "SALESFORCE": ["clientId=us", "clientSecret=right"],
    "MIXPANEL": ["username=robot", "secret=right", "projectId=7"],
    "GA4": [service_account(KEY)],
}


async def registered(client: Client, tool: str, **more: Any) -> Json:
    """What comes of registering a connector for a tool, with a source of its own."""
    source = await client.send("RegisterSource", input={"name": f"From {tool}"})
    given = {
        "name": "Ours",
        "sourceId": source["source"]["id"],
        "tool": tool,
        "credentials": CREDENTIALS[tool],
        **more,
    }
    receipt: Json = await client.send("RegisterToolConnector", input=given)
    return receipt


async def connected(client: Client, tool: str, url: str, **more: Any) -> str:
    """The id of a connector for a tool at an address of this machine."""
    receipt = await registered(client, tool, url=url.removesuffix("/hook"), **more)
    assert "connector" in receipt, receipt
    return str(receipt["connector"]["id"])


async def payloads(client: Client, type: str) -> list[Json]:
    """What the events of a type hold."""
    return [each["data"]["payload"] for each in await of_type(client, type)]


async def test_contacts_of_hubspot_come_once_and_again_when_they_change(
    puller: Puller, client: Client
) -> None:
    tool = HubSpot(*(hubspot_contact(id, f"10:00:0{id}.000") for id in range(1, 8)))
    # One that was read and one that was not change between two pages, and no other is passed over.
    tool.edits[2] = lambda: tool.contacts.__setitem__(0, hubspot_contact(1, "11:00:00.000"))
    tool.edits[3] = lambda: tool.contacts.__setitem__(6, hubspot_contact(7, "11:00:01.000"))
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "HUBSPOT", server.url)
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (8, 0, None)
        found = await of_type(client, "contact.changed")
        assert {each["userRef"] for each in found} == {f"hubspot:{id}" for id in range(1, 8)}
        asked = tool.asked
        tool.contacts.append(hubspot_contact(8, "12:00:00.000"))
        row = await puller.pulled(client, id)
    assert (row["accepted"], tool.asked) == (9, asked + 1)
    assert (row["tool"], row["credentials"]) == ("HUBSPOT", ["accessToken"])


async def test_contacts_of_hubspot_that_changed_at_one_time_all_come(puller: Puller, client: Client) -> None:
    tool = HubSpot(*(hubspot_contact(id, "10:00:00.000") for id in range(1, 12)))
    tool.contacts.append(hubspot_contact(12, "10:00:01.000"))
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "HUBSPOT", server.url)
        row = await puller.pulled(client, id)
    assert (row["accepted"], row["rejected"], row["error"]) == (12, 0, None)


@pytest.mark.parametrize(
    ("fault", "error", "waits"),
    [
        ((429, {"category": "RATE_LIMITS"}, {"Retry-After": "60"}), "http_429", 90),
        ((429, {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}), "http_429", 6),
        ((502, {}), "http_502", 6),
    ],
    ids=["so long", "slow", "broken"],
)
async def test_a_page_in_the_middle_that_fails_is_asked_for_again(
    puller: Puller, client: Client, fault: Answer, error: str, waits: int
) -> None:
    tool = HubSpot(*(hubspot_contact(id, f"10:00:0{id}.000") for id in range(1, 6)))
    del tool.contacts[1]["id"]
    tool.faults[2] = fault
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "HUBSPOT", server.url)
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["error"]) == (2, error)
        puller.clock.ahead = timedelta(seconds=waits)
        await puller.idle(client)
        row = await seen(client, id)
    # One of them says no id.
    assert (row["accepted"], row["rejected"], row["error"]) == (4, 1, None)


async def test_a_full_load_of_hubspot_tells_who_is_gone(puller: Puller, client: Client) -> None:
    tool = HubSpot(*(hubspot_contact(id, f"10:00:0{id}.000") for id in range(1, 6)))
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "HUBSPOT", server.url, mode="FULL", goneType="contact.gone")
        assert counts(await puller.pulled(client, id)) == (5, 0, 0)
        del tool.contacts[0]
        row = await puller.pulled(client, id)
    assert (row["accepted"], row["gone"]) == (6, 1)


async def test_contacts_of_salesforce_come_once_with_a_token_that_ends(
    puller: Puller, client: Client
) -> None:
    # Three pages, the first of which ends among contacts of one time.
    times = ("10:00:00", "10:00:01", "10:00:01", "10:00:01", "10:00:02", "10:00:03", "10:00:04")
    tool = Salesforce(*(salesforce_contact(id, at) for id, at in enumerate(times, 1)))
    tool.edits[2] = lambda: tool.contacts.__setitem__(0, salesforce_contact(1, "11:00:00", "Yve"))
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "SALESFORCE", server.url)
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (8, 0, None)
        found = await payloads(client, "contact.changed")
        assert len({each["Id"] for each in found}) == 7
        assert all("attributes" not in each for each in found)
        tool.good = "Bearer another"
        tool.contacts.append(salesforce_contact(8, "12:00:00"))
        row = await puller.pulled(client, id)
    assert (row["accepted"], row["error"], tool.given) == (9, None, 2)


async def test_salesforce_that_has_been_asked_too_often_is_asked_later_and_not_given_up(
    puller: Puller, client: Client
) -> None:
    tool = Salesforce(*(salesforce_contact(id, f"10:00:0{id}") for id in range(1, 6)))
    del tool.contacts[1]["Id"]
    tool.faults[2] = (
        403,
        [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}],
    )
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "SALESFORCE", server.url)
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["error"], row["active"]) == (2, "limit_reached", True)
        puller.clock.ahead = timedelta(seconds=6)
        await puller.idle(client)
        row = await seen(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (4, 1, None)
        told = {"id": id, "credentials": ["clientId=us", "clientSecret=wrong"]}
        assert "connector" in await client.send("ChangeConnector", input=told)
        row = await puller.pulled(client, id)
    assert (row["error"], row["active"]) == ("sign_in_refused", False)


async def test_events_of_mixpanel_come_day_by_day_and_each_once(puller: Puller, client: Client) -> None:
    today = datetime.now(UTC).date()
    day = [str(today - timedelta(days=days)) for days in range(8)]
    at = int(datetime.now(UTC).timestamp()) - 100_000
    tool = Mixpanel(
        day[0], **{day[4]: [mixpanel_event("a", at), mixpanel_event("b", at, "$device:1")], day[2]: []}
    )
    tool.days[day[3]] = [mixpanel_event("c", at), {"event": "No id", "properties": {"time": at}}]
    tool.faults[3] = (429, {"error": "Query rate limit exceeded"})
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "MIXPANEL", server.url, settings=[f"since={day[5]}"])
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["error"]) == (2, "http_429")
        puller.clock.ahead = timedelta(seconds=6)
        await puller.idle(client)
        row = await seen(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (3, 1, None)
        assert tool.days_asked[:4] == [day[5], day[4], day[3], day[2]]
        # One comes late, and one is said to be of somebody else.
        tool.days[day[4]] = [mixpanel_event("a", at, "yve"), mixpanel_event("late", at)]
        row = await puller.pulled(client, id)
    assert (row["accepted"], row["rejected"], row["error"], row["active"]) == (4, 1, None, True)
    found = await of_type(client, "analytics.event")
    ids = {each["data"]["payload"]["properties"]["$insert_id"] for each in found}
    assert ids == {"a", "b", "c", "late"}
    assert {each["userRef"] for each in found} == {"zoe", "mixpanel:device:1"}


async def test_rows_of_google_analytics_come_for_each_change_of_their_figures(
    puller: Puller, client: Client
) -> None:
    today = datetime.now(UTC).date()
    day = [str(today - timedelta(days=days)) for days in range(3)]
    first = {"login": 3, "purchase": 1, "scroll": 7}
    tool = Ga4(KEY.public_key(), **{day[2]: first, day[0]: {"login": 1}})
    tool.faults[2] = (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, {"Retry-After": "60"})
    settings = [f"since={day[2]}", "propertyId=42", "metrics=eventCount"]
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "GA4", server.url, settings=settings)
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["error"]) == (2, "http_429")
        puller.clock.ahead = timedelta(seconds=90)
        await puller.idle(client)
        row = await seen(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (4, 0, None)
        assert tool.days_asked == [day[2], day[2], day[1], day[0]]
        tool.good = "Bearer another"
        for figure in (2, 2, 1, 1, 2):
            tool.figures[day[0]] = {"login": figure}
            row = await puller.pulled(client, id)
        assert (row["accepted"], row["error"], tool.given) == (7, None, 2)
        assert tool.signed_at > datetime.now(UTC) + timedelta(seconds=30)
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        for account in (service_account(other), "serviceAccount=none"):
            told = {"id": id, "credentials": [account]}
            assert "connector" in await client.send("ChangeConnector", input=told)
            row = await puller.pulled(client, id)
            assert (row["error"], row["active"]) == ("sign_in_refused", False)
            await client.send("ResumeConnector", input={"id": id})
    rows = [each for each in await payloads(client, "analytics.report_row") if each["date"] == day[0]]
    assert sorted(each["metrics"]["eventCount"] for each in rows) == [1, 1, 2, 2]
    assert {each["dimensions"]["eventName"] for each in rows} == {"login"}


async def test_where_nothing_lets_in_it_is_paused_until_it_is_told_what_does(
    puller: Puller, client: Client
) -> None:
    tool = HubSpot(hubspot_contact(1, "10:00:00.000"))
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "HUBSPOT", server.url, credentials=["accessToken=wrong"])
        row = await puller.pulled(client, id)
        assert (row["active"], row["error"]) == (False, "http_401")
        changed = {"id": id, "url": "https://hubspot.example"}
        assert (await client.send("ChangeConnector", input=changed))["field"] == "credentials"
        assert (await client.send("ChangeConnector", input={"id": id, "header": "A: b"}))["field"] == "header"
        told = {"id": id, "credentials": ["accessToken=right"]}
        assert "connector" in await client.send("ChangeConnector", input=told)
        await client.send("ResumeConnector", input={"id": id})
        row = await puller.pulled(client, id)
    assert (row["accepted"], row["error"]) == (1, None)


async def test_the_mapping_of_a_tool_may_be_another(puller: Puller, client: Client) -> None:
    tool = HubSpot(hubspot_contact(1, "10:00:00.000", company="Ours"))
    said: Json = {
        "eventType": "person.seen",
        "userPath": "properties.company",
        "settings": ["properties=company", "since=2026-01-01"],
    }
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "HUBSPOT", server.url, **said)
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["error"]) == (1, None)
    [event] = await of_type(client, "person.seen")
    assert event["userRef"] == "Ours"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"tool": "SALESFORCE"}, "destination_url_missing", "url"),
        ({"tool": "MIXPANEL", "mode": "REAL_TIME", "seconds": 10}, "connector_unsuitable", "mode"),
        ({"tool": "GA4"}, "connector_unsuitable", "settings"),
        ({"credentials": ["token=x"]}, "credentials_unsuitable", "credentials"),
        ({"settings": ["fields=Id"]}, "connector_unsuitable", "settings"),
        ({"settings": ["since=2026-01-01", "since=2026-01-02"]}, "connector_unsuitable", "settings"),
        ({"settings": ["since=yesterday"]}, "connector_unsuitable", "settings"),
        ({"settings": ["properties=a b"]}, "connector_unsuitable", "settings"),
        ({"goneType": "contact.gone"}, "connector_unsuitable", "goneType"),
        ({"mode": "REAL_TIME"}, "connector_unsuitable", "seconds"),
        ({"url": "https://10.0.0.1/"}, "webhook_url_refused", "url"),
    ],
)
async def test_what_a_tool_does_not_take_is_refused(
    client: Client, change: dict[str, Any], code: str, field: str
) -> None:
    refused = await registered(client, **{"tool": "HUBSPOT", **change})
    assert (refused["code"], refused["field"]) == (code, field)
