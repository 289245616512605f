"""Campaigns that are sent: each recipient once, whatever the mail server says and whoever is stopped."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.campaigns.campaigns.commands import CancelCampaign, PauseCampaign, ResumeCampaign
from domain.campaigns.contacts.contact_commands import DeleteContact
from domain.campaigns.contacts.contact_lists import DeleteContactList
from domain.campaigns.contacts.memberships import ConsentSource
from domain.campaigns.contacts.subscription_commands import UnsubscribeContact
from domain.campaigns.mailings.campaign_runs import CampaignRun
from tests.campaigns.campaigns_ready import ReadyCampaign, a_campaign, addresses, counted
from tests.kit.at_work import AtWork, at_work
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.mail.server import Inbox, mail_server

pytestmark = pytest.mark.servers


@dataclass
class Post:
    """A mail server, and what sends by it."""

    inbox: Inbox
    work: AtWork
    url: str

    @property
    def to(self) -> list[str]:
        """To whom mails went, in order."""
        return [recipients[0] for recipients in self.inbox.recipients]


@pytest.fixture(scope="module")
async def post(product: Product) -> AsyncIterator[Post]:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        url = f"smtp://127.0.0.1:{port}"
        async with at_work(replace(product.settings, smtp_url=url), CampaignRun) as work:
            yield Post(inbox, work, url)


async def completed(post: Post, client: Client, campaign: ReadyCampaign) -> dict[str, Any]:
    """The campaign as it is shown once it is over."""
    await post.work.idle(CampaignRun, client.tenant)
    found: dict[str, Any] = await client.send(
        "Campaign", id=str(campaign.id), afterPosition=str(await post.work.writes.log.head())
    )
    assert found["status"] == "COMPLETED"
    return found


async def test_each_recipient_gets_the_mail_once_with_a_way_out(product: Product, post: Post) -> None:
    client = await product.newcomer()
    everybody = addresses(95)
    campaign = await a_campaign(post.work.writes.bus, client.tenant, everybody, lists=2)
    post.inbox.refuses = {everybody[0]: "550 no such user", everybody[1]: "554 not wanted"}
    left, gone = everybody[2], everybody[3]
    for contact_list in campaign.lists:
        await campaign.send(
            UnsubscribeContact(
                id=campaign.contacts[left], contact_list_id=contact_list, source=ConsentSource.MAIL
            )
        )
    await campaign.start()
    await campaign.send(DeleteContact(id=campaign.contacts[gone]))
    found = await completed(post, client, campaign)
    assert sorted(post.to) == sorted(set(everybody) - {left, gone, *post.inbox.refuses})
    metrics = found["metrics"]
    assert [metrics[name] for name in ("sent", "refused", "unknown")] == [91, 2, 0]
    recipients = await client.post(
        "query($id: ID!) { campaign(id: $id) { metrics { id } recipients(first: 1) { nodes { id } } } }",
        {"id": str(campaign.id)},
    )
    shown = recipients.json()["data"]["campaign"]
    for id in (shown["metrics"]["id"], shown["recipients"]["nodes"][0]["id"]):
        node = await client.post("query($id: ID!) { node(id: $id) { __typename id } }", {"id": id})
        assert node.json()["data"]["node"]["id"] == id
    # Whoever was deleted was frozen before that, or was not.
    assert metrics["recipients"] == 93 + metrics["skipped"]
    message = post.inbox.messages[0]
    assert len(set(post.inbox.ids)) == 91
    url = message["List-Unsubscribe"].strip("<>")
    html = message.get_body(("html",))
    assert html is not None
    text = html.get_content()
    assert "Hello Zoe &amp; co" in text
    assert "utm_source=news#new" in text
    # The link in the header is the one that one click takes back.
    path = httpx.URL(url).raw_path.decode()
    answer = await product.http.post(
        path,
        content="List-Unsubscribe=One-Click",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 200
    post.inbox.messages.clear()
    post.inbox.recipients.clear()


async def test_what_is_paused_goes_on_where_it_was_and_what_is_cancelled_stops(
    product: Product, post: Post
) -> None:
    client = await product.newcomer()
    everybody = addresses(150)
    campaign = await a_campaign(post.work.writes.bus, client.tenant, everybody)
    post.inbox.refuses = {}
    before = len(post.to)

    async def some(count: int) -> None:
        async def arrived() -> bool:
            return len(post.to) >= before + count

        await until(arrived)

    await campaign.start()
    await some(1)
    await campaign.send(PauseCampaign(id=campaign.id))
    await post.work.idle(CampaignRun, client.tenant)
    paused = len(post.to)
    assert paused < before + 150
    await asyncio.sleep(0.5)
    assert len(post.to) == paused
    await campaign.send(ResumeCampaign(id=campaign.id))
    await some(paused - before + 1)
    await campaign.send(CancelCampaign(id=campaign.id))
    await post.work.idle(CampaignRun, client.tenant)
    ours = post.to[before:]
    assert len(ours) < 150
    assert len(set(ours)) == len(ours)
    assert (await counted(post.work, client.tenant, campaign.id)) == {"sent": len(ours)}


async def test_nobody_is_written_to_for_a_list_that_is_deleted(product: Product, post: Post) -> None:
    client = await product.newcomer()
    campaign = await a_campaign(post.work.writes.bus, client.tenant, addresses(2))
    before = len(post.to)
    await campaign.send(DeleteContactList(id=campaign.lists[0]))
    await campaign.start()
    await completed(post, client, campaign)
    assert post.to[before:] == []


async def test_what_is_not_taken_now_is_tried_again(
    product: Product, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.campaigns.delivery._PAUSE", 0.2)
    client = await product.newcomer()
    everybody = addresses(5)
    campaign = await a_campaign(post.work.writes.bus, client.tenant, everybody)
    post.inbox.refuses = {everybody[0]: "451 come back later"}
    before = len(post.to)
    await campaign.start()

    async def deferred() -> bool:
        return (await counted(post.work, client.tenant, campaign.id))["deferred"] >= 2

    await until(deferred)
    post.inbox.refuses = {}
    found = await completed(post, client, campaign)
    assert sorted(post.to[before:]) == sorted(everybody)
    assert (found["metrics"]["sent"], found["metrics"]["refused"]) == (5, 0)


async def test_two_companies_may_give_their_campaigns_one_id(product: Product, post: Post) -> None:
    clients, id = [await product.newcomer() for _ in range(2)], uuid4()
    campaigns = [
        await a_campaign(
            post.work.writes.bus, client.tenant, addresses(1), id=id, subject=f"Of {client.tenant}"
        )
        for client in clients
    ]
    before = len(post.inbox.messages)
    for client, campaign in zip(clients, campaigns, strict=True):
        await campaign.start()
        await completed(post, client, campaign)
    subjects = [message["Subject"] for message in post.inbox.messages[before:]]
    assert subjects == [f"Of {client.tenant}" for client in clients]


async def test_a_rate_holds_over_parts_and_a_pause_ends_its_wait(product: Product, post: Post) -> None:
    client = await product.newcomer()
    campaign = await a_campaign(post.work.writes.bus, client.tenant, addresses(3), per_hour=1)
    before = len(post.to)
    await campaign.start()

    async def arrived() -> bool:
        return len(post.to) > before

    await until(arrived)
    await asyncio.sleep(4)
    assert len(post.to) == before + 1
    await campaign.send(CancelCampaign(id=campaign.id))
    await post.work.idle(CampaignRun, client.tenant)
    assert len(post.to) == before + 1


async def test_a_server_that_refuses_the_sender_counts_against_no_recipient(
    product: Product, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.campaigns.delivery._PAUSE", 0.1)
    monkeypatch.setattr("app.campaigns.delivery._ROUNDS", 3)
    client = await product.newcomer()
    campaign = await a_campaign(post.work.writes.bus, client.tenant, addresses(3))
    monkeypatch.setattr(post.inbox, "refuses_senders", "553 not allowed")
    before = len(post.to)
    await campaign.start()
    await post.work.idle(CampaignRun, client.tenant)
    found = await client.send(
        "Campaign", id=str(campaign.id), afterPosition=str(await post.work.writes.log.head())
    )
    assert (found["status"], found["pausedFor"]) == ("PAUSED", "FAILED")
    monkeypatch.setattr(post.inbox, "refuses_senders", "")
    await campaign.send(ResumeCampaign(id=campaign.id))
    await completed(post, client, campaign)
    assert len(post.to) == before + 3
