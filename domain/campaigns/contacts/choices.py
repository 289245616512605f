"""What contacts choose themselves, by the links in their mails."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID

from domain.campaigns.contacts.subscription_commands import UnsubscribeContactFromAll
from domain.kit.caller import Caller
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChoice:
    """A list that a contact has to do with."""

    id: UUID
    name: str
    description: str
    subscribed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a contact can choose."""

    company: str
    """What the tenant is called."""
    lists: tuple[ListChoice, ...] = ()
    gone: bool = False
    """Whether the contact is not there any more, so that there is nothing to choose."""


@runtime_checkable
class ContactChoices(Protocol):
    """Carry out what contacts choose; who calls has proved that it is them."""

    async def of(self, tenant_id: UUID, contact_id: UUID) -> Choices:
        """What can be chosen."""
        ...

    async def choose(self, tenant_id: UUID, contact_id: UUID, wanted: frozenset[UUID], ip: str) -> None:
        """Subscribe the contact to these of their lists, and unsubscribe them from all others."""
        ...

    async def confirm(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID, ip: str) -> None:
        """Confirm a subscription. Raises ConfirmationNotValid."""
        ...

    async def unsubscribe(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID | None) -> None:
        """Unsubscribe the contact from a list, or from all; of one that is gone the address is suppressed."""
        ...

    async def unsubscribe_from_all(
        self, command: UnsubscribeContactFromAll, *, by: Caller, command_id: UUID
    ) -> AppendReceipt | Refusal:
        """Unsubscribe a contact from whatever is sent, and withdraw the consent to it."""
        ...
