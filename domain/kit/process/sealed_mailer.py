"""Mail to people whose addresses are sealed: each is opened just before the mail leaves, if it still can be."""

from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.kit.mail import Mail, Mailer, RecipientRefused
from domain.kit.sealed import ERASED, Opening


class MailKind(StrEnum):
    """Why somebody is written to. Each kind has its own limits."""

    ACCOUNT = "account"
    """The owner of an account asked for it."""
    GREETING = "greeting"
    """Somebody typed the address when opening an account."""
    VERIFICATION = "verification"
    """Somebody who says that the address is theirs asked for a link that proves it."""
    SUBSCRIPTION = "subscription"
    """Somebody gave the address to subscribe it to what a tenant sends: its reader is asked to confirm."""
    SENDER = "sender"
    """A tenant wants to send in the name of the address: its reader is asked whether it may."""
    INVITATION = "invitation"
    """A tenant invites the person."""
    NOTIFICATION = "notification"
    """Something happened in a tenant that the person belongs to."""


class MailAllowance(Protocol):
    """Say whether one more mail may go to an address; whoever is written to by others may forbid it."""

    async def refusal(self, address: str, *, kind: MailKind, tenant_id: UUID, key: UUID) -> str:
        """Why a mail must not leave; empty when it may, and then it counts. The same ``key`` counts once."""
        ...

    def opt_out_link(self, address: str) -> str:
        """Where whoever is reached at the address can forbid all mail that others cause."""
        ...


class SealedMailer:
    """Send mail to sealed addresses, within what is allowed."""

    def __init__(self, mailer: Mailer, opening: Opening, allowance: MailAllowance) -> None:
        self._mailer, self._opening, self._allowance = mailer, opening, allowance

    async def send(
        self,
        tenant_id: UUID,
        *,
        to: str,
        subject: str,
        text: str,
        key: UUID,
        kind: MailKind = MailKind.ACCOUNT,
    ) -> str:
        """Send to the address that was sealed in this tenant, once for each ``key``; in a word, what came of it.

        Somebody who was erased gets nothing, nor does an address that the server refuses for ever, that has opted
        out or had enough for a day: none is helped by another try. Whatever else fails rises.
        """
        (address,) = await self._opening.open(tenant_id, [to])
        if address == ERASED:
            return "erased"
        if refusal := await self._allowance.refusal(address, kind=kind, tenant_id=tenant_id, key=key):
            return refusal
        if kind is not MailKind.ACCOUNT:
            text += f"\nYou want no such mail? Say so here:\n{self._allowance.opt_out_link(address)}\n"
        try:
            await self._mailer.send(
                Mail(to=address, subject=subject, text=text, tenant_id=tenant_id), key=key
            )
        except RecipientRefused as refused:
            return f"refused: {refused}"
        return "sent"
