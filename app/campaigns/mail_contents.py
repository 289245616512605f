"""What a campaign's mails are made of, read once, and the mails of some contacts."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from cachetools import LRUCache

from app.mail.bulk_message import BulkMail
from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.senders import SenderIdentity
from domain.campaigns.mailings.mailings import Mailing
from domain.campaigns.rendering.content import Content
from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.links import LinkRules
from domain.campaigns.rendering.mails import MailTemplate
from domain.campaigns.rendering.names import Fields
from domain.campaigns.templates.templates import version_id
from domain.campaigns.templates.terms import TemplateKind
from domain.kit.bus.repository import Repository
from domain.kit.process.effects import EffectRefused
from domain.kit.sealed import ERASED, Opening
from domain.processes.contacts.subscription_mails import SubscriptionLinks
from domain.tenancy.tenants import Tenant, TenantStatus
from projections.campaigns.contacts import ContactRow, Contacts
from projections.campaigns.templates import TemplateVersions
from projections.kit.read.postgres_reader import PostgresRows

_KEPT = 16
"""Campaigns whose templates are kept ready."""


class CampaignContents:
    """Reads what campaigns send, and keeps what was read last."""

    def __init__(
        self, repository: Repository, rows: PostgresRows, opening: Opening, links: SubscriptionLinks
    ) -> None:
        self._repository, self._rows, self._opening, self._links = repository, rows, opening, links
        self._kept: LRUCache[tuple[UUID, UUID], MailTemplate] = LRUCache(_KEPT)

    async def of(self, tenant_id: UUID, campaign: Campaign) -> "CampaignContent":
        """What this campaign sends. Raises EffectRefused where its sender or its template is gone."""
        found = await self._repository.get(tenant_id, [tenant_id, campaign.sender_id], fresh=True)
        tenant, sender = found.get(tenant_id), found.get(campaign.sender_id)
        if not isinstance(sender, SenderIdentity) or sender.ended or not sender.verified:
            raise EffectRefused("no_sender")
        if isinstance(tenant, Tenant) and tenant.status is not TenantStatus.ACTIVE:
            raise EffectRefused("tenant_not_active")
        # Ids are unique in a tenant alone.
        key = tenant_id, campaign.id
        template = self._kept.get(key)
        if template is None:
            template = self._kept[key] = await self._template(tenant_id, campaign)
        return CampaignContent(
            rows=self._rows,
            opening=self._opening,
            links=self._links,
            tenant_id=tenant_id,
            company=tenant.name if isinstance(tenant, Tenant) else "",
            campaign=campaign,
            sender=sender,
            template=template,
        )

    async def _template(self, tenant_id: UUID, campaign: Campaign) -> MailTemplate:
        id = version_id(campaign.template_id, campaign.template_version)
        row = (await self._rows.get(TemplateVersions, tenant_id, [(id,)])).get((id,))
        if row is None:
            raise EffectRefused("no_template")
        content = Content(row.subject, row.preheader, row.body, row.text)
        if campaign.subject:
            content = replace(content, subject=campaign.subject)
        try:
            return MailTemplate(content, row.kind is TemplateKind.MJML)
        except TemplateFault:
            raise EffectRefused("template") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignContent:
    """What one campaign sends."""

    rows: PostgresRows
    opening: Opening
    links: SubscriptionLinks
    tenant_id: UUID
    company: str
    campaign: Campaign
    sender: SenderIdentity
    template: MailTemplate

    async def mails(self, mailing: Mailing, places: Sequence[int]) -> Mapping[int, BulkMail | TemplateFault]:
        """The mails to some recipients of a mailing, by their places; who is not there any more is absent."""
        places_of = {mailing.recipients[place].contact_id: place for place in places}
        found = await self.rows.get(Contacts, self.tenant_id, [(id,) for id in places_of])
        contacts = list(found.values())
        texts = [text for row in contacts for text in (row.email, row.first_name, row.last_name, row.fields)]
        opened = await self.opening.open(self.tenant_id, texts)
        plain = [(row, opened[4 * number : 4 * number + 4]) for number, row in enumerate(contacts)]
        # Making them takes a processor for a while, and others have their turn.
        return await asyncio.to_thread(self._made, mailing, plain, places_of)

    def _made(
        self, mailing: Mailing, contacts: Sequence[tuple[ContactRow, list[str]]], places: Mapping[UUID, int]
    ) -> dict[int, BulkMail | TemplateFault]:
        mails: dict[int, BulkMail | TemplateFault] = {}
        for row, (email, first_name, last_name, fields) in contacts:
            if email == ERASED:
                continue
            values = {
                "email": email,
                "first_name": first_name,
                "last_name": last_name,
                "language": row.language,
                "fields": Fields(json.loads(fields) if fields else {}),
            }
            place = places[row.id]
            try:
                mails[place] = self._mail(mailing, place, values)
            except TemplateFault as fault:
                mails[place] = fault
        return mails

    # What the fields of a contact hold has any type.
    def _mail(self, mailing: Mailing, place: int, contact: dict[str, Any]) -> BulkMail:
        campaign, tenant_id = self.campaign, self.tenant_id
        recipient = mailing.recipients[place]
        unsubscribe = self.links.unsubscribe(tenant_id, recipient.contact_id, recipient.contact_list_id)
        preferences = self.links.preferences(tenant_id, recipient.contact_id)
        parameters = {
            "utm_source": campaign.utm_source,
            "utm_medium": campaign.utm_medium,
            "utm_campaign": campaign.utm_campaign,
        }
        rules = LinkRules(
            utm={name: value for name, value in parameters.items() if value}, own=(unsubscribe, preferences)
        )
        values = {
            "contact": contact,
            "campaign": {"id": str(campaign.id), "name": campaign.name},
            "tenant": {"name": self.company},
            "unsubscribe_url": unsubscribe,
            "preferences_url": preferences,
        }
        mail = self.template.render(values, rules)
        return BulkMail(
            from_name=self.sender.name,
            from_address=self.sender.address,
            to=contact["email"],
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            unsubscribe_url=unsubscribe,
            feedback_id=f"{campaign.id.hex}:{tenant_id.hex}:campaign:headwater",
        )
