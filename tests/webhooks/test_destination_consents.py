"""Nothing about people who refuse it leaves for tools: of what they do, and of what is done to them."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from domain.gateway.events import subject_of
from domain.gateway.tools.destinations import TERMS, WebhookKind
from domain.kit.clock import SystemClock
from tests.commerce.test_api_orders import a_product, an_order
from tests.gateway.sending import a_source, event
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.conftest import Sender
from tests.webhooks.test_destinations import exported, newest
from tests.webhooks.test_webhook_deliveries import task
from tests.webhooks.tools import Salesforce, answers, ga4, hubspot, mixpanel, segment

TOOLS = {"SEGMENT": segment, "MIXPANEL": mixpanel, "GA4": ga4, "HUBSPOT": hubspot}
ANALYTICS = [kind for kind, terms in TERMS.items() if terms.purpose.startswith("analytics.")]
CONTACTS = [kind for kind in TERMS if kind not in ANALYTICS]
DELIVERED: tuple[str, list[str | None]] = ("DELIVERED", [None])
WITHHELD: tuple[str, list[str | None]] = ("WITHHELD", [])


def test_every_kind_says_what_it_is_for() -> None:
    """A kind that is new does not come into being without somebody having thought of whom it has to ask."""
    said = (Path(__file__).parents[2] / "docs/decisions/0032-who-is-asked-for-consent.md").read_text()
    named = dict(re.findall(r"\| (\w+) \| `([a-z0-9.]+)` \|", said))
    assert named == {kind.name: terms.purpose for kind, terms in TERMS.items()}
    assert set(WebhookKind) - set(TERMS) == {WebhookKind.WEBHOOK}
    assert "| WEBHOOK | none |" in said


async def _says(person: Client, purpose: str, *, allowed: bool, **more: str) -> None:
    said = await person.send(
        f"{'Give' if allowed else 'Withdraw'}Consent", input={"purpose": purpose, **more}
    )
    assert "code" not in said, said


async def _objects(person: Client, objects: bool) -> None:
    input = {"id": person.me, "analyticsOptOut": objects}
    assert "user" in await person.send("ChangePreferences", input=input)


@pytest.mark.parametrize("kind", [kind.name for kind in ANALYTICS])
async def test_what_who_refuses_does_is_in_no_analytics(sender: Sender, owner: Client, kind: str) -> None:
    async with destination(behave=answers(TOOLS[kind])) as server:
        id = await exported(owner, kind, server.url)

        async def outcome() -> tuple[str, list[str | None]]:
            await task(owner)
            await sender.quiet()
            return await newest(sender, owner, id)

        assert await outcome() == DELIVERED
        await _objects(owner, True)
        assert await outcome() == WITHHELD
        [_, first] = await sender.deliveries(owner, id)
        await owner.send("ReplayWebhookEvent", input={"id": id, "eventId": first["eventId"]})
        await sender.quiet()
        assert await newest(sender, owner, id) == WITHHELD
        await _objects(owner, False)
        assert await outcome() == DELIVERED
        for purpose in ("analytics", f"analytics.{kind.lower()}"):
            await _says(owner, purpose, allowed=False)
            assert await outcome() == WITHHELD
            await _says(owner, purpose, allowed=True)
        # What is refused of another tool is no matter here.
        await _says(owner, "analytics.other", allowed=False)
        await _says(owner, "crm", allowed=False)
        assert await outcome() == DELIVERED
    assert len(server.received) == 3


@pytest.mark.parametrize("kind", [kind.name for kind in CONTACTS])
async def test_who_refuses_is_no_contact(sender: Sender, owner: Client, kind: str) -> None:
    tool = TOOLS.get(kind) or Salesforce()
    async with destination(behave=answers(tool)) as server:
        more = {"mapping": ["LastName=firstName"]} if kind == "SALESFORCE" else {}
        id = await exported(owner, kind, server.url, **more)
        zoe = await sender.product.newcomer("Zoe", tenant=owner.tenant)
        await sender.quiet()
        assert await newest(sender, owner, id) == DELIVERED
        [sent] = await sender.deliveries(owner, id)
        asked = len(server.received)

        async def again() -> tuple[str, list[str | None]]:
            await owner.send("ReplayWebhookEvent", input={"id": id, "eventId": sent["eventId"]})
            await sender.quiet()
            return await newest(sender, owner, id)

        for purpose in ("crm", f"crm.{kind.lower()}"):
            await _says(zoe, purpose, allowed=False)
            assert await again() == WITHHELD
            await _says(zoe, purpose, allowed=True)
        assert len(server.received) == asked
        await _objects(zoe, True)
        assert await again() == DELIVERED


async def test_whom_an_event_names_is_asked_as_well(sender: Sender, owner: Client) -> None:
    zoe = await sender.product.newcomer("Zoe", tenant=owner.tenant)
    await _objects(zoe, True)
    async with destination(behave=answers(segment)) as server:
        id = await exported(owner, "SEGMENT", server.url, mapping=["userId=assignedTo"])
        await task(owner, assignedTo=zoe.me)
        await sender.quiet()
        assert await newest(sender, owner, id) == WITHHELD
    assert server.received == []


async def test_whose_thing_it_is_is_asked_whoever_did_something_to_it(sender: Sender, owner: Client) -> None:
    zoe = await sender.product.newcomer("Zoe", tenant=owner.tenant)
    mug = await a_product(owner)
    async with destination(behave=answers(segment)) as server:
        types, mapping = ["commerce.order.placed"], ["address=shippingAddress"]
        id = await exported(owner, "SEGMENT", server.url, types=types, mapping=mapping)

        async def outcome() -> tuple[str, list[str | None]]:
            await an_order(owner, mug, userId=zoe.me, shippingAddress="One Street")
            await sender.quiet()
            return await newest(sender, owner, id)

        assert await outcome() == DELIVERED
        await _says(zoe, "analytics.segment", allowed=False)
        assert await outcome() == WITHHELD
    assert len(server.received) == 1


async def test_whom_a_payload_names_as_the_user_is_asked(sender: Sender, owner: Client) -> None:
    source = await a_source(sender.product, owner)
    async with destination(behave=answers(segment)) as server:
        mapping = ["userId=payload.customerId"]
        id = await exported(owner, "SEGMENT", server.url, types=["gateway.event"], mapping=mapping)

        async def outcome() -> tuple[str, list[str | None]]:
            await source.answers(event(data={"payload": {"customerId": "customer-8"}, "metadata": {}}))
            await sender.quiet()
            return await newest(sender, owner, id)

        assert await outcome() == DELIVERED
        person = subject_of(owner.tenant, owner.tenant, "customer-8", SystemClock().now())
        await _says(owner, "analytics", allowed=False, subjectId=str(person))
        assert await outcome() == WITHHELD
    assert len(server.received) == 1


async def test_who_refused_is_found_however_their_id_is_spelled(sender: Sender, owner: Client) -> None:
    source, person = await a_source(sender.product, owner), uuid4()
    async with destination(behave=answers(segment)) as server:
        mapping = ["userId=payload.customerId"]
        id = await exported(owner, "SEGMENT", server.url, types=["gateway.event"], mapping=mapping)

        async def outcomes() -> list[tuple[str, list[str | None]]]:
            found = []
            payload = {"customerId": f"urn:uuid:{person}"}
            for said in ({"userId": person.hex}, {"data": {"payload": payload, "metadata": {}}}):
                await source.answers(event(**said))
                await sender.quiet()
                found.append(await newest(sender, owner, id))
            return found

        assert await outcomes() == [DELIVERED] * 2
        await _says(owner, "analytics", allowed=False, subjectId=str(person))
        assert await outcomes() == [WITHHELD] * 2
    assert len(server.received) == 2


async def test_people_of_outside_systems_are_asked_by_their_ids(sender: Sender, owner: Client) -> None:
    source = await a_source(sender.product, owner)
    async with destination(behave=answers(segment)) as server:
        id = await exported(owner, "SEGMENT", server.url, types=["gateway.event"], mapping=["at=eventType"])
        for name in ("customer-7", owner.me):
            await source.answers(event(userId=name))
            await sender.quiet()
            assert await newest(sender, owner, id) == DELIVERED
            person = subject_of(owner.tenant, owner.tenant, name, SystemClock().now())
            await _says(owner, "analytics", allowed=False, subjectId=str(person))
            await source.answers(event(userId=name))
            await sender.quiet()
            assert await newest(sender, owner, id) == WITHHELD
        await source.answers(event())
        await sender.quiet()
        assert await newest(sender, owner, id) == DELIVERED
    assert len(server.received) == 3
