"""What whoever reads a sender's mail may verify, and that they have, in one database."""

from dataclasses import dataclass
from uuid import UUID

from domain.campaigns.campaigns.senders import SenderIdentity, SenderVerificationNotValid, VerifySender
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import SYSTEM, Caller
from domain.kit.clock import Clock
from domain.kit.log import AppendReceipt
from domain.kit.refusals import NotFound
from domain.tenancy.tenants import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedProof:
    """What a link verifies."""

    company: str
    """What the tenant is called."""
    address: str


class SenderProofs:
    """Reads the log itself, and sends commands as the system: who reads the mail need be no user."""

    def __init__(self, bus: Bus, repository: Repository, clock: Clock) -> None:
        self._bus, self._repository, self._clock = bus, repository, clock

    async def awaited(self, tenant_id: UUID, sender_id: UUID, verification_id: UUID) -> AwaitedProof | None:
        """What a link verifies; None when it is good for nothing any more."""
        found = await self._repository.get(tenant_id, [tenant_id, sender_id], fresh=True)
        tenant, sender = found.get(tenant_id), found.get(sender_id)
        if not isinstance(sender, SenderIdentity) or not sender.awaits(verification_id, self._clock.now()):
            return None
        return AwaitedProof(company=tenant.name if isinstance(tenant, Tenant) else "", address=sender.address)

    async def verify(self, tenant_id: UUID, sender_id: UUID, verification_id: UUID) -> bool:
        """Have the sender verified. False for a link that is good for nothing any more."""
        command = VerifySender(id=sender_id, verification_id=verification_id)
        outcome = await self._bus.send(command, by=Caller(tenant_id=tenant_id, user_id=SYSTEM))
        if isinstance(outcome, AppendReceipt):
            return True
        if isinstance(outcome, (NotFound, SenderVerificationNotValid)):
            return False
        raise outcome
