"""What contacts choose by the links in their mails, carried out in one database."""

from uuid import UUID, uuid4, uuid5

from domain.campaigns.contacts.choices import Choices, ContactChoices, ListChoice
from domain.campaigns.contacts.contact_lists import ContactList
from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.contacts.mailability import EMAIL
from domain.campaigns.contacts.memberships import ConfirmationNotValid, ConsentSource, MembershipState
from domain.campaigns.contacts.subscription_commands import (
    ConfirmSubscription,
    SubscribeThemself,
    UnsubscribeContact,
    UnsubscribeContactFromAll,
)
from domain.campaigns.contacts.suppressions import SuppressionReason, suppress
from domain.governance.consents import RefuseConsent, consent_id, withdraw_consent
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import SYSTEM, Caller
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import NotFound, Refusal
from domain.kit.sealed import fingerprint_of
from domain.tenancy.tenants import Tenant


class LoggedChoices(ContactChoices):
    """Reads the log itself, and sends commands as the system: a contact is no user."""

    def __init__(self, bus: Bus, repository: Repository) -> None:
        self._bus, self._repository = bus, repository

    async def of(self, tenant_id: UUID, contact_id: UUID) -> Choices:
        found = await self._repository.get(tenant_id, [tenant_id, contact_id], fresh=True)
        tenant, contact = found.get(tenant_id), found.get(contact_id)
        company = tenant.name if isinstance(tenant, Tenant) else ""
        if not isinstance(contact, Contact) or contact.ended:
            return Choices(company=company, gone=True)
        members = contact.memberships
        lists = await self._repository.get(tenant_id, list(members), fresh=True) if members else {}
        choices = [
            ListChoice(
                id=each.id,
                name=each.name,
                description=each.description,
                subscribed=members[each.id].state is MembershipState.SUBSCRIBED,
            )
            for each in lists.values()
            if isinstance(each, ContactList) and not each.ended
        ]
        return Choices(company=company, lists=tuple(sorted(choices, key=lambda each: each.name.casefold())))

    async def choose(self, tenant_id: UUID, contact_id: UUID, wanted: frozenset[UUID], ip: str) -> None:
        # What is left is left first: it is the worse to be late with.
        lists = sorted((await self.of(tenant_id, contact_id)).lists, key=lambda each: each.id in wanted)
        for each in lists:
            if each.id in wanted and not each.subscribed:
                command: Command = SubscribeThemself(id=contact_id, contact_list_id=each.id, ip_address=ip)
            elif each.id not in wanted:
                command = UnsubscribeContact(
                    id=contact_id, contact_list_id=each.id, source=ConsentSource.MAIL
                )
            else:
                continue
            await self._send(tenant_id, command)

    async def confirm(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID, ip: str) -> None:
        command = ConfirmSubscription(id=contact_id, contact_list_id=contact_list_id, ip_address=ip)
        try:
            await self._send(tenant_id, command)
        except NotFound:
            raise ConfirmationNotValid(field="contact_list_id") from None

    async def unsubscribe(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID | None) -> None:
        by, source = _as_contact(tenant_id), ConsentSource.MAIL
        if contact_list_id is not None and not await self._is_there(tenant_id, contact_list_id):
            # The page says what is left then: all there is.
            contact_list_id = None
        try:
            if contact_list_id is None:
                command = UnsubscribeContactFromAll(id=contact_id, source=source)
                _done(await self.unsubscribe_from_all(command, by=by, command_id=uuid4()))
            else:
                leave = UnsubscribeContact(id=contact_id, contact_list_id=contact_list_id, source=source)
                await self._send(tenant_id, leave)
        except NotFound:
            await self._suppress(by, contact_id, contact_list_id)

    async def unsubscribe_from_all(
        self, command: UnsubscribeContactFromAll, *, by: Caller, command_id: UUID
    ) -> AppendReceipt | Refusal:
        outcome = await self._bus.send(command, by=by, command_id=command_id)
        if isinstance(outcome, AppendReceipt):
            id = consent_id(command.id, EMAIL)
            if (await self._repository.get(by.tenant_id, [id], fresh=True)).get(id) is not None:
                refuse = RefuseConsent(
                    id=id, subject_id=command.id, purpose=EMAIL, source=command.source.value
                )
                # One that is withdrawn already is refused, which is as good.
                await withdraw_consent(self._bus, refuse, by=by, command_id=uuid5(command_id, "consent"))
        return outcome

    async def _suppress(self, by: Caller, contact_id: UUID, contact_list_id: UUID | None) -> None:
        """Have the address of a contact who is gone suppressed: it may be imported again."""
        found = await self._repository.get(
            by.tenant_id, [contact_id, *([contact_list_id] if contact_list_id else [])], fresh=True
        )
        contact = found.get(contact_id)
        if not isinstance(contact, Contact) or (contact_list_id or contact_id) not in found:
            return
        address = fingerprint_of(contact.email_key)
        assert address is not None
        reason = SuppressionReason.UNSUBSCRIBE
        _done(await suppress(self._bus, address, contact_list_id, reason, "", by=by, command_id=uuid4()))

    async def _is_there(self, tenant_id: UUID, contact_list_id: UUID) -> bool:
        found = (await self._repository.get(tenant_id, [contact_list_id], fresh=True)).get(contact_list_id)
        return isinstance(found, ContactList) and not found.ended

    async def _send(self, tenant_id: UUID, command: Command) -> None:
        _done(await self._bus.send(command, by=_as_contact(tenant_id)))


def _as_contact(tenant_id: UUID) -> Caller:
    """As whom it is stored what contacts choose."""
    return Caller(tenant_id=tenant_id, user_id=SYSTEM)


def _done(outcome: AppendReceipt | Refusal) -> None:
    if isinstance(outcome, Refusal):
        raise outcome
