"""Suppressions: addresses that are not written to, whoever has them.

They hold a fingerprint and no address, so they outlive the contact, its erasure, and what is imported again.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from domain.kit.bus.bus import Bus
from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Pattern, Public, References
from domain.kit.log import AppendReceipt
from domain.kit.model import Aggregate, Caller, Command, Event, Refusal, applies
from domain.kit.refusals import AlreadyExists

_NAMESPACE = UUID("0b9a5a0e-6f0d-5c55-8f2c-7c1b7a4c9d3e")


class SuppressionReason(StrEnum):
    """Why an address is not written to."""

    UNSUBSCRIBE = "unsubscribe"
    """Its reader wants no more; only they can change that."""
    HARD_BOUNCE = "hard_bounce"
    """A server has said that it takes no mail for it."""
    COMPLAINT = "complaint"
    """Its reader has reported a mail as unwanted."""
    MANUAL = "manual"
    """People of the tenant have said so."""


Address = Annotated[
    str,
    Len(1, 255),
    Pattern("[0-9a-f]*", "is not a fingerprint"),
    Confidential(),
    Describe("The fingerprint of the address."),
]
Scope = Annotated[
    UUID | None, Internal(), Describe("The list that it is suppressed for; null: for whatever is sent.")
]
Reason = Annotated[SuppressionReason, Public(), Describe("Why it is not written to.")]
Note = Annotated[str, Len(0, 500), Internal(), Authored(), Describe("What was said about it.")]
LiftNote = Annotated[
    str, Len(1, 500), Internal(), Authored(), Describe("Why it may be written to again; kept in the history.")
]


class NotSuppressed(Refusal):
    """This suppression was lifted already."""


class OnlyThePersonLifts(Refusal):
    """Whoever reads this address has unsubscribed; only they can change that."""


def suppression_id(
    tenant_id: UUID, address: str, contact_list_id: UUID | None, reason: SuppressionReason
) -> UUID:
    """The one suppression of an address, for a list or for all, with a reason."""
    return uuid5(_NAMESPACE, f"{tenant_id}/{address}/{contact_list_id or '*'}/{reason.value}")


class Suppression(Aggregate, topic="campaigns.suppression"):
    """That an address is not written to, for one reason."""

    class Suppressed(Event):
        address: Address
        contact_list_id: Scope
        reason: Reason
        note: Note = ""

    class Lifted(Event):
        note: Note

    address: str
    contact_list_id: UUID | None
    reason: SuppressionReason
    holds: bool = True

    @applies(Suppressed)
    def _suppressed(self, event: Suppressed) -> None:
        self.address, self.contact_list_id = event.address, event.contact_list_id
        self.reason, self.holds = event.reason, True

    @applies(Lifted)
    def _lifted(self, event: Lifted) -> None:
        self.holds = False


class SuppressAddress(Command):
    """Write to an address no more. Its id is its `suppression_id`."""

    address: Address
    contact_list_id: Annotated[Scope, References("campaigns.contact_list")] = None
    reason: Reason
    note: Note = ""

    def handle(self) -> Suppression:
        suppressed = Suppression.Suppressed(
            address=self.address,
            contact_list_id=self.contact_list_id,
            reason=self.reason,
            note=self.note.strip(),
        )
        return Suppression.begin(self.id, suppressed)


class SuppressAgain(Command):
    """Suppress an address again that was suppressed and lifted; one that is suppressed stays so."""

    note: Note = ""

    def handle(self, suppression: Suppression) -> None:
        # What its reader says is noted each time: a view may have heard of it from the contact as well.
        if suppression.holds and suppression.reason is not SuppressionReason.UNSUBSCRIBE:
            return
        again = Suppression.Suppressed(
            address=suppression.address,
            contact_list_id=suppression.contact_list_id,
            reason=suppression.reason,
            note=self.note.strip(),
        )
        suppression.record(again)


class LiftSuppression(Command):
    """Allow an address to be written to again."""

    note: LiftNote

    def handle(self, suppression: Suppression) -> None:
        if suppression.reason is SuppressionReason.UNSUBSCRIBE:
            raise OnlyThePersonLifts(field="id")
        if not suppression.holds:
            raise NotSuppressed(field="id")
        suppression.record(Suppression.Lifted(note=self.note.strip()))


async def suppress(
    bus: Bus,
    address: str,
    contact_list_id: UUID | None,
    reason: SuppressionReason,
    note: str,
    *,
    by: Caller,
    command_id: UUID,
) -> AppendReceipt | Refusal:
    """Suppress an address, for the first time or again, once for each ``command_id``."""
    id = suppression_id(by.tenant_id, address, contact_list_id, reason)
    begin = SuppressAddress(id=id, address=address, contact_list_id=contact_list_id, reason=reason, note=note)
    outcome = await bus.send(begin, by=by, command_id=command_id)
    if not isinstance(outcome, AlreadyExists):
        return outcome
    # An id of its own, since under the first one another command is what would be known.
    return await bus.send(SuppressAgain(id=id, note=note), by=by, command_id=uuid5(command_id, "again"))
