"""The mails that ask whoever reads a sender's mail whether it is theirs."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.campaigns.campaigns.senders import VERIFY_WITHIN, SenderIdentity, verification_id
from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, Stateless, on, performs
from domain.kit.process.sealed_mailer import MailKind
from domain.processes import mail_templates
from domain.processes.account_mails import Addresses
from domain.processes.mail_templates import Link


class SenderLinks(Protocol):
    """Make the secret links of senders; the same ones whenever it is asked, so that none need be kept."""

    def sender_verification(self, tenant_id: UUID, sender_id: UUID, verification_id: UUID) -> Link:
        """The link that verifies a sender."""
        ...


class SenderMails(Process[Stateless], name="campaigns.sender_mails", version=1):
    """Asks whether an address may send, once for each request."""

    class AskToVerify(Effect, attempts=15, timeout=60, pause=2):
        """Have whoever reads the mail of a sender verify it."""

        sender_id: UUID
        asking: int
        asked_at: datetime

    def __init__(self, ports: ProcessPorts, links: SenderLinks, addresses: Addresses) -> None:
        self._ports, self._links, self._addresses = ports, links, addresses

    @on(SenderIdentity.VerificationRequested)
    def requested(
        self, state: Stateless | None, event: SenderIdentity.VerificationRequested
    ) -> Then[Stateless]:
        mail = self.AskToVerify(sender_id=event.originator_id, asking=event.asking, asked_at=event.timestamp)
        return Then(None, mail)

    @performs(AskToVerify)
    async def ask(self, effect: AskToVerify, call: Call[Stateless]) -> str:
        tenant_id, id = call.tenant_id, verification_id(effect.sender_id, effect.asking)
        found = await self._ports.repository.get(tenant_id, [effect.sender_id], fresh=True)
        sender = found.get(effect.sender_id)
        if not isinstance(sender, SenderIdentity) or not sender.awaits(id, self._ports.clock.now()):
            return "good for nothing"
        subject, text = mail_templates.sender_verification(
            self._links.sender_verification(tenant_id, sender.id, id),
            effect.asked_at + VERIFY_WITHIN,
            tenant=await self._addresses.tenant_name(tenant_id),
        )
        return await self._ports.mailer.send(
            tenant_id, to=sender.address, subject=subject, text=text, key=call.key, kind=MailKind.SENDER
        )
