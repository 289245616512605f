"""Campaigns that are ready to be started, made by commands, and what became of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from domain.campaigns.campaigns.commands import CreateCampaign, StartCampaign
from domain.campaigns.campaigns.senders import (
    RegisterSender,
    RequestSenderVerification,
    VerifySender,
    verification_id,
)
from domain.campaigns.contacts.contact_commands import CreateContact
from domain.campaigns.contacts.contact_lists import CreateContactList, OptIn
from domain.campaigns.contacts.memberships import ConsentSource
from domain.campaigns.contacts.subscription_commands import SubscribeContact
from domain.campaigns.rendering.names import NAMES
from domain.campaigns.templates.templates import CreateTemplate
from domain.kit.bus.bus import Bus
from domain.kit.caller import SYSTEM, Caller
from domain.kit.commands import Command
from domain.kit.log import Selection
from tests.campaigns.mails import MJML
from tests.domain.sending import accepted
from tests.kit.at_work import AtWork

_NAMED = " ".join(f"{{{{ {name} }}}}" for name in NAMES if name != "contact.fields")
_BODY = MJML.replace("Shop now", f"Shop now {_NAMED} {{{{ contact.fields.level }}}}")
"""With every name that templates may use: one that nobody gives a value is a mail that is not sent."""


@dataclass(frozen=True)
class ReadyCampaign:
    """A draft with a list of contacts."""

    bus: Bus
    by: Caller
    id: UUID
    lists: Sequence[UUID]
    contacts: Mapping[str, UUID]
    """By their addresses."""

    async def send(self, command: Command) -> None:
        await accepted(self.bus, command, by=self.by)

    async def start(self) -> None:
        await self.send(StartCampaign(id=self.id))


async def a_campaign(
    bus: Bus,
    tenant_id: UUID,
    addresses: Sequence[str],
    *,
    lists: int = 1,
    id: UUID | None = None,
    subject: str = "Sale!",
    per_hour: int | None = None,
) -> ReadyCampaign:
    """A campaign to contacts with these addresses, who are on each of its lists."""
    by = Caller(tenant_id=tenant_id, user_id=SYSTEM, kind="service")
    template, sender, campaign = uuid4(), uuid4(), id or uuid4()
    ids = [uuid4() for _ in range(lists)]
    ready = ReadyCampaign(bus, by, campaign, ids, {address: uuid4() for address in addresses})
    await ready.send(CreateTemplate(id=template, name=f"Sale {template}", subject=subject, body=_BODY))
    await ready.send(RegisterSender(id=sender, name="Brightside", address=f"shop-{sender.hex}@example.com"))
    await ready.send(RequestSenderVerification(id=sender))
    await ready.send(VerifySender(id=sender, verification_id=verification_id(sender, 1)))
    for list_id in ids:
        await ready.send(CreateContactList(id=list_id, name=f"News {list_id}", opt_in=OptIn.SINGLE))
    for address, contact in ready.contacts.items():
        await ready.send(CreateContact(id=contact, email=address, first_name="Zoe & co"))
        for list_id in ids:
            await ready.send(
                SubscribeContact(id=contact, contact_list_id=list_id, source=ConsentSource.IMPORT)
            )
    await ready.send(
        CreateCampaign(
            id=campaign,
            name="Sale",
            template_id=template,
            sender_id=sender,
            list_ids=tuple(ids),
            utm_source="news",
            per_hour=per_hour,
        )
    )
    return ready


def addresses(count: int) -> list[str]:
    run = uuid4().hex[:8]
    return [f"{number}-{run}@example.com" for number in range(count)]


async def counted(work: AtWork, tenant: UUID, campaign: UUID) -> Counter[str]:
    """What became of a campaign's mails, by the log."""
    log, found = work.writes.log, Counter[str]()
    wanted = Selection(types=("campaigns.mailing.handed_over",), tenant_id=tenant)
    for envelope in await log.read(limit=10_000, select=wanted):
        # What it says is known by its class alone.
        event: Any = work.writes.codec.decode(envelope)
        if event.campaign_id == campaign:
            found.update(each.result.value for each in event.hand_overs)
    return found
