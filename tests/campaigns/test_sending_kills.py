"""A worker killed anywhere in a campaign: each recipient gets the mail once, or it is said not to be known."""

from collections import Counter
from dataclasses import replace

import pytest

from domain.campaigns.mailings.campaign_runs import CampaignRun
from tests.campaigns.campaigns_ready import a_campaign, addresses, counted
from tests.kit.at_work import at_work
from tests.kit.process_worker import product_child
from tests.kit.processes import until
from tests.kit.product import Product
from tests.mail.server import Inbox, free_port, mail_server

pytestmark = pytest.mark.servers


async def test_nobody_gets_a_mail_twice_wherever_a_worker_is_killed(product: Product) -> None:
    client, inbox = await product.newcomer(), Inbox()
    async with mail_server(inbox) as port:
        settings = replace(product.settings, smtp_url=f"smtp://127.0.0.1:{port}")
        async with at_work(settings) as work:
            point, ended = 0, "exit -9"
            async with product_child(settings, CampaignRun) as child:
                assert await child.run(0) == "exit 0"
                while ended == "exit -9":
                    point += 1
                    campaign = await a_campaign(work.writes.bus, client.tenant, addresses(3))
                    before = len(inbox.messages)
                    await campaign.start()
                    ended = await child.run(point)
                    if ended == "exit -9":
                        assert await child.run(0) == "exit 0"
                    got = Counter(recipients[0] for recipients in inbox.recipients[before:])
                    assert set(got.values()) <= {1}
                    found = await counted(work, client.tenant, campaign.id)
                    del found["deferred"]
                    assert found["sent"] <= sum(got.values()) <= found["sent"] + found["unknown"]
                    assert sum(found.values()) == len(campaign.contacts), (point, found)
    assert point > 5


async def test_a_campaign_waits_for_a_mail_server_that_is_away(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.campaigns.delivery._PAUSE", 0.5)
    monkeypatch.setattr("app.mail.bulk._AGAIN", 0.2)
    client, inbox, port = await product.newcomer(), Inbox(), free_port()
    everybody = addresses(60)
    settings = replace(product.settings, smtp_url=f"smtp://127.0.0.1:{port}")
    async with at_work(settings, CampaignRun) as work:
        campaign = await a_campaign(work.writes.bus, client.tenant, everybody)
        await campaign.start()

        async def tried() -> bool:
            return (await counted(work, client.tenant, campaign.id))["deferred"] >= 80

        await until(tried)
        async with mail_server(inbox, port=port):
            await work.idle(CampaignRun, client.tenant)
            found = await counted(work, client.tenant, campaign.id)
    # Nobody behind those who were tried first is tried meanwhile.
    assert found["deferred"] % 40 == 0
    assert found["sent"] == 60
    assert sorted(recipients[0] for recipients in inbox.recipients) == sorted(everybody)
