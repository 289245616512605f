"""Secrets that were sealed under another HEADWATER_SECRET: what is told to whom, and what puts it right."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.telemetry.monitoring_access import watch_token
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.exports.destination_commands import ReplaceDestinationCredentials
from domain.gateway.source_connections import ConnectSource
from domain.gateway.tools.destinations import as_sealed
from domain.gateway.webhook_commands import RotateWebhookSecret
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from tests.domain.sending import accepted
from tests.gateway.callbacks import NEWER, SECRET, a_provider, stripe_event, stripe_headers
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.conftest import Sender
from tests.webhooks.test_destinations import exported
from tests.webhooks.test_webhook_deliveries import registered

OTHERS = SealedWebhookSecrets("0" * 64)
AT_RANDOM = "wh3a5nSzlmIwTbBgSbkwPNBAtfia5DKWjUtdsnUxhS5qZWqJlR0="
"""What was sealed with a nonce at random."""


def owning(client: Client) -> Caller:
    return Caller(tenant_id=client.tenant, user_id=client.user, permissions=ROLES["owner"])


async def test_callbacks_are_to_be_sent_again_until_the_secret_is_set_anew(
    sender: Sender, owner: Client, caplog: pytest.LogCaptureFixture
) -> None:
    http = sender.product.http
    stripe = await a_provider(sender.product, owner)
    source = UUID(stripe.source)
    connect = ConnectSource(id=source, provider=CallbackProvider.STRIPE, secret=OTHERS.seal(source, SECRET))
    await accepted(sender.bus, connect, by=owning(owner))
    await owner.send("Source", id=stripe.source, afterPosition=str(await sender.log.head()))
    for _ in range(2):
        answer = await stripe.stripe(stripe_event())
        assert (answer.status_code, answer.json()["code"]) == (503, "secret_unreadable")
        assert int(answer.headers["retry-after"]) >= 300
    watcher = {"authorization": f"Bearer {watch_token(sender.product.settings)}"}
    metrics = (await http.get("/metrics", headers=watcher)).text
    assert 'headwater_callbacks_total{outcome="unreadable",provider="stripe"} 2.0' in metrics
    told = [each for each in caplog.messages if stripe.source in each]
    assert len(told) == 1
    assert "HEADWATER_SECRET" in told[0]
    # With a new secret those signed by it come in, though the former cannot be read.
    await owner.send("RotateSourceSecret", input={"id": stripe.source, "secret": NEWER})
    await owner.send("Source", id=stripe.source, afterPosition=str(await sender.log.head()))
    assert (await stripe.stripe(stripe_event(), NEWER)).status_code == 200
    body = json.dumps(stripe_event()).encode()
    assert (await stripe.post(body, stripe_headers(body, SECRET))).status_code == 503


async def test_deliveries_fail_for_want_of_the_secret_and_are_tried_again(
    sender: Sender, owner: Client
) -> None:
    async with destination() as server:
        plain = str((await registered(owner, server.url, types=["work.task"]))["webhook"]["id"])
        tool = await exported(owner, "SEGMENT", server.url)
        hidden = OTHERS.seal(UUID(plain), "whsec_AAAA")
        await accepted(sender.bus, RotateWebhookSecret(id=UUID(plain), secret=hidden), by=owning(owner))
        await accepted(sender.bus, RotateWebhookSecret(id=UUID(plain), secret=hidden), by=owning(owner))
        replaced = ReplaceDestinationCredentials(
            id=UUID(tool),
            credentials=as_sealed(OTHERS.seal(UUID(tool), "writeKey=x")),
            credential_names=("writeKey",),
        )
        await accepted(sender.bus, replaced, by=owning(owner))
        for id in (plain, tool):
            await owner.send("SendTestEvent", input={"id": id})
        await sender.quiet()
        for id in (plain, tool):
            [delivery] = await sender.deliveries(owner, id)
            assert [each["error"] for each in delivery["attempts"]] == ["secret_unreadable"]
        assert server.received == []
        await owner.send("RotateWebhookSecret", input={"id": plain})
        await owner.send("SendTestEvent", input={"id": plain})
        await sender.quiet()
        assert len(server.received) == 1


def test_what_is_sealed_again_is_the_same_and_what_was_sealed_at_random_opens() -> None:
    id, other = UUID(int=7), UUID(int=8)
    assert OTHERS.seal(id, SECRET) == OTHERS.seal(id, SECRET)
    assert len({OTHERS.seal(id, SECRET), OTHERS.seal(other, SECRET), OTHERS.seal(id, NEWER)}) == 3
    assert OTHERS.open(id, AT_RANDOM) == "whsec_AAAA"


async def test_what_seals_a_secret_is_done_once_however_often_it_is_sent(
    sender: Sender, owner: Client
) -> None:
    async def twice(operation: str, **input: Any) -> str:
        """The id of what it is about."""
        command = str(uuid4())
        first, again = [await owner.send(operation, input=input, commandId=command) for _ in range(2)]
        assert first.get("position") is not None, first
        assert again == {**first, "repeated": True}
        return str(next(each["id"] for each in first.values() if isinstance(each, dict)))

    named = {"name": "Callbacks", "kind": "WEBHOOK"}
    source = (await owner.send("RegisterSource", input=named))["source"]["id"]
    await twice("ConnectSource", id=source, provider="STRIPE", secret=SECRET)
    await twice("RotateSourceSecret", id=source, secret=NEWER)
    header = "Authorization: Bearer abc"
    connector = await twice(
        "RegisterConnector",
        name="Contacts",
        sourceId=source,
        url="https://crm.example/contacts",
        mode="FULL",
        pagination="LINK",
        eventType="contact.changed",
        header=header,
    )
    await twice("ChangeConnector", id=connector, url="https://crm.example/people", header=header)
    known = {"tool": "HUBSPOT", "credentials": ["accessToken=abc"]}
    of_tool = await twice("RegisterToolConnector", name="Tool", sourceId=source, **known)
    await twice("ChangeConnector", id=of_tool, credentials=["accessToken=newer"])
    url, key = "https://segment.example", ["writeKey=key"]
    tool = await twice(
        "RegisterDestination", name="Tool", kind="SEGMENT", url=url, types=["work.task"], credentials=key
    )
    await twice("ReplaceDestinationCredentials", id=tool, credentials=key)
    await twice("ChangeDestination", id=tool, url=f"{url}/eu", credentials=key)
