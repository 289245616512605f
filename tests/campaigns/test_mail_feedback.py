"""What providers of mail tell suppresses addresses, also those of nobody who is here yet."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from domain.processes.contacts.mail_feedback import MailFeedback
from tests.gateway.callbacks import a_provider
from tests.gateway.test_mail_callbacks import KEY, happened, sent, shown
from tests.kit.at_work import AtWork, at_work
from tests.kit.client import Client
from tests.kit.product import Product


@pytest.fixture(scope="module")
async def feedback(product: Product) -> AsyncIterator[AtWork]:
    async with at_work(product.settings, MailFeedback) as work:
        yield work


async def reasons(client: Client, email: str) -> list[str]:
    """Why an address is suppressed."""
    found = await client.send("SuppressionsOfAddress", email=email)
    assert all("sendgrid" in node["note"] for node in found["nodes"])
    return [node["reason"] for node in found["nodes"]]


async def test_what_a_provider_tells_suppresses_an_address_once(
    product: Product, client: Client, feedback: AtWork
) -> None:
    sendgrid = await a_provider(product, client, "SENDGRID", secret=shown(KEY))
    gone, angry, busy = (f"{name}-{uuid4().hex[:8]}@example.com" for name in ("gone", "angry", "busy"))
    bounce = happened("bounce", type="bounce", email=gone.upper())
    complaint = happened("spamreport", email=angry)
    passing = (
        happened("bounce", type="blocked", email=busy),
        happened("open", email=busy),
        happened("dropped", email=busy),
    )
    await sent(sendgrid, bounce, complaint, *passing)
    await sent(sendgrid, happened("bounce", type="bounce", email=gone), complaint)
    await feedback.idle(MailFeedback, client.tenant)
    assert await reasons(client, gone) == ["HARD_BOUNCE"]
    assert await reasons(client, angry) == ["COMPLAINT"]
    assert await reasons(client, busy) == []
    (found,) = (await client.send("SuppressionsOfAddress", email=gone))["nodes"]
    receipt = await client.send("LiftSuppression", input={"id": found["id"], "note": "It is there again."})
    assert receipt["suppression"] is None
    # A bounce after that suppresses it again; one that was told before does not.
    await sent(sendgrid, bounce)
    await feedback.idle(MailFeedback, client.tenant)
    assert await reasons(client, gone) == []
    await sent(sendgrid, happened("bounce", type="bounce", email=gone), happened("unsubscribe", email=gone))
    await feedback.idle(MailFeedback, client.tenant)
    assert sorted(await reasons(client, gone)) == ["HARD_BOUNCE", "UNSUBSCRIBE"]
