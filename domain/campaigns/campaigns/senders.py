"""Senders: whom mails of campaigns come from, and how they show that an address is theirs."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid5

from domain.kit.fields import Authored, Describe, Internal, Len, Public
from domain.kit.model import ADDRESS, ONE_LINE, Aggregate, Command, Event, Refusal, Unique, applies, assigns

VERIFY_WITHIN = timedelta(days=1)
"""For how long a link that verifies is good."""
AGAIN_AFTER = timedelta(minutes=15)
"""After which another mail that asks to verify may be asked for."""

SenderName = Annotated[
    str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What recipients see, in one line.")
]
SenderAddress = Annotated[
    str, Len(3, 255), ADDRESS, Internal(), Authored(), Describe("The address that mails come from.")
]
Asking = Annotated[int, Public(), Describe("How often it was asked for, this time included.")]


class SenderNotVerified(Refusal):
    """Nobody who reads the mail of {address} has verified the sender."""


class SenderVerificationJustRequested(Refusal):
    """A mail has just asked to verify this sender; another one can be sent in a quarter of an hour."""


class SenderVerificationNotValid(Refusal):
    """This link is not valid, or no longer valid."""


def verification_id(sender_id: UUID, asking: int) -> UUID:
    """What the link of one mail that asks to verify names; that of each mail is another."""
    return uuid5(sender_id, f"verification {asking}")


class SenderIdentity(Aggregate, topic="campaigns.sender", unique=(Unique("address", fold=str.casefold),)):
    """Whom mails come from. Its address never changes: another address is another sender, which is not verified.

    It is verified by whoever reads the mail of its address, with the link of the last mail that was asked for.
    """

    class Registered(Event):
        name: SenderName
        address: SenderAddress

    class Renamed(Event):
        name: SenderName

    class VerificationRequested(Event):
        asking: Asking

    class Verified(Event): ...

    class Deleted(Event, ends=True): ...

    name: str
    address: str
    verified: Annotated[bool, Public()] = False
    asking: int = 0
    asked_at: datetime | None = None

    changed = assigns(Registered, Renamed)

    @applies(VerificationRequested)
    def _requested(self, event: VerificationRequested) -> None:
        self.asking, self.asked_at = event.asking, event.timestamp

    @applies(Verified)
    def _verified(self, event: Verified) -> None:
        self.verified = True

    def awaits(self, id: UUID, now: datetime) -> bool:
        """Whether the link with this id still verifies."""
        asked_at = None if self.ended or self.verified else self.asked_at
        return (
            asked_at is not None
            and id == verification_id(self.id, self.asking)
            and now < asked_at + VERIFY_WITHIN
        )


class RegisterSender(Command):
    """Register a sender; mails may come from them once their address is verified."""

    name: SenderName
    address: SenderAddress

    def handle(self) -> SenderIdentity:
        registered = SenderIdentity.Registered(name=self.name.strip(), address=self.address)
        return SenderIdentity.begin(self.id, registered)


class RenameSender(Command):
    """Rename a sender."""

    name: SenderName

    def handle(self, sender_identity: SenderIdentity) -> None:
        if (name := self.name.strip()) != sender_identity.name:
            sender_identity.record(SenderIdentity.Renamed(name=name))


class RequestSenderVerification(Command):
    """Have a mail ask whoever reads a sender's mail to verify it; earlier such mails are good for nothing then."""

    def handle(self, sender_identity: SenderIdentity, now: datetime) -> None:
        if sender_identity.verified:
            return
        asked_at = sender_identity.asked_at
        if asked_at is not None and now < asked_at + AGAIN_AFTER:
            raise SenderVerificationJustRequested(field="id")
        sender_identity.record(SenderIdentity.VerificationRequested(asking=sender_identity.asking + 1))


class VerifySender(Command):
    """Note that whoever reads a sender's mail has verified it; no client sends this."""

    verification_id: Annotated[UUID, Describe("What the link of the mail names.")]

    def handle(self, sender_identity: SenderIdentity, now: datetime) -> None:
        if not sender_identity.awaits(self.verification_id, now):
            raise SenderVerificationNotValid(field="verification_id")
        sender_identity.record(SenderIdentity.Verified())


class DeleteSender(Command):
    """Delete a sender: nothing more is sent in its name."""

    def handle(self, sender_identity: SenderIdentity) -> None:
        sender_identity.record(SenderIdentity.Deleted())
