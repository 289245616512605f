"""The mails that ask contacts to confirm that they want what a tenant sends."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.campaigns.contacts.contact_lists import ContactList
from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.contacts.memberships import CONFIRM_WITHIN, MembershipState
from domain.campaigns.contacts.suppressions import Suppression, SuppressionReason, suppression_id
from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, Stateless, on, performs
from domain.kit.process.sealed_mailer import MailKind
from domain.kit.sealed import fingerprint_of, is_sealed
from domain.processes import mail_templates
from domain.processes.account_mails import Addresses
from domain.processes.mail_templates import Link

_STOPS = (SuppressionReason.COMPLAINT, SuppressionReason.HARD_BOUNCE, SuppressionReason.MANUAL)
"""What no request to confirm is sent in spite of; who has unsubscribed may want to come back."""


class SubscriptionLinks(Protocol):
    """Make the secret links of contacts; the same ones whenever it is asked, so that none need be kept."""

    def confirmation(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID) -> Link:
        """The link that confirms a subscription."""
        ...

    def preferences(self, tenant_id: UUID, contact_id: UUID) -> str:
        """Where a contact says what they want; it is good for ever."""
        ...

    def unsubscribe(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID | None) -> str:
        """Where a contact leaves a list, or all; a POST to it does so at once (RFC 8058). It is good for ever."""
        ...


class SubscriptionMails(Process[Stateless], name="campaigns.subscription_mails", version=1):
    """Asks a contact to confirm each subscription that needs it, once for each request."""

    class AskToConfirm(Effect, attempts=15, timeout=60, pause=2):
        """Have a contact confirm that they want what is sent to a list."""

        contact_id: UUID
        contact_list_id: UUID
        asked_at: datetime

    def __init__(self, ports: ProcessPorts, links: SubscriptionLinks, addresses: Addresses) -> None:
        self._ports, self._links, self._addresses = ports, links, addresses

    @on(Contact.ConfirmationAsked)
    def asked(self, state: Stateless | None, event: Contact.ConfirmationAsked) -> Then[Stateless]:
        mail = self.AskToConfirm(
            contact_id=event.originator_id, contact_list_id=event.contact_list_id, asked_at=event.timestamp
        )
        return Then(None, mail)

    @performs(AskToConfirm)
    async def ask(self, effect: AskToConfirm, call: Call[Stateless]) -> str:
        expires_at = effect.asked_at + CONFIRM_WITHIN
        if self._ports.clock.now() >= expires_at:
            return "expired"
        tenant_id = call.tenant_id
        found = await self._ports.repository.get(
            tenant_id, [effect.contact_id, effect.contact_list_id], fresh=True
        )
        contact, contact_list = found.get(effect.contact_id), found.get(effect.contact_list_id)
        if not isinstance(contact, Contact) or contact.ended:
            return "gone"
        if not isinstance(contact_list, ContactList) or contact_list.ended:
            return "no list"
        membership = contact.memberships.get(contact_list.id)
        if membership is None or membership.state is not MembershipState.PENDING:
            return "answered"
        if await self._is_suppressed(tenant_id, contact):
            return "suppressed"
        subject, text = mail_templates.subscription(
            self._links.confirmation(tenant_id, contact.id, contact_list.id),
            expires_at,
            tenant=await self._addresses.tenant_name(tenant_id),
            contact_list=contact_list.name,
        )
        return await self._ports.mailer.send(
            tenant_id, to=contact.email, subject=subject, text=text, key=call.key, kind=MailKind.SUBSCRIPTION
        )

    async def _is_suppressed(self, tenant_id: UUID, contact: Contact) -> bool:
        key = contact.email_key
        address = (fingerprint_of(key) or key) if is_sealed(key) else key
        ids = [suppression_id(tenant_id, address, None, reason) for reason in _STOPS]
        found = await self._ports.repository.get(tenant_id, ids, fresh=True)
        return any(isinstance(each, Suppression) and each.holds for each in found.values())
