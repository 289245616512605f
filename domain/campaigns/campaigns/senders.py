"""Senders: whom mails of campaigns come from."""

from typing import Annotated

from domain.kit.fields import Authored, Describe, Internal, Len, Public
from domain.kit.model import ADDRESS, ONE_LINE, Aggregate, Command, Event, Refusal, Unique, applies, assigns

SenderName = Annotated[
    str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What recipients see, in one line.")
]
SenderAddress = Annotated[
    str, Len(3, 255), ADDRESS, Internal(), Authored(), Describe("The address that mails come from.")
]


class SenderNotConfirmed(Refusal):
    """The sender {address} is not confirmed."""


class SenderIdentity(Aggregate, topic="campaigns.sender", unique=(Unique("address", fold=str.casefold),)):
    """Whom mails come from. Its address never changes.

    It is confirmed by whoever may send. What providers find out about its domain will confirm it in the same way.
    """

    class Registered(Event):
        name: SenderName
        address: SenderAddress

    class Renamed(Event):
        name: SenderName

    class Confirmed(Event): ...

    class Deleted(Event, ends=True): ...

    name: str
    address: str
    confirmed: Annotated[bool, Public()] = False

    changed = assigns(Registered, Renamed)

    @applies(Confirmed)
    def _confirmed(self, event: Confirmed) -> None:
        self.confirmed = True


class RegisterSender(Command):
    """Register a sender; mails may come from them once they are confirmed."""

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


class ConfirmSender(Command):
    """Confirm that mails may come from a sender."""

    def handle(self, sender_identity: SenderIdentity) -> None:
        if not sender_identity.confirmed:
            sender_identity.record(SenderIdentity.Confirmed())


class DeleteSender(Command):
    """Delete a sender: nothing more is sent in its name."""

    def handle(self, sender_identity: SenderIdentity) -> None:
        sender_identity.record(SenderIdentity.Deleted())
