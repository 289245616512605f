"""Carries out what people ask about their data: consents, exports, and to be forgotten."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.governance.consents import GiveConsent, WithdrawConsent, consent_id, give_consent
from domain.governance.erasures import RequestErasure, TenantNeedsAnOwner, erasure_id
from domain.governance.exports import RequestExport
from domain.kit.bus import Bus
from domain.kit.caller import Caller
from domain.kit.log import Receipt
from domain.kit.refusals import Forbidden, Refusal
from projections.governance.exports import ExportRow, Exports
from projections.kit.conditions import equals
from projections.kit.rows import Order, Rows

MayGo = Callable[[UUID, UUID], Awaitable[bool]]
"""Whether (tenant, person) can be forgotten without leaving the tenant to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, and by which ids that is known."""

    by: Caller
    command_id: UUID
    correlation_id: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

    def refusal(self, subject_id: UUID) -> Refusal | None:
        """Why he may not ask for this about that person; everybody may for himself."""
        # A machine's key is not the person who made it.
        own = subject_id == self.by.user_id and (self.by.kind != "key" or self.by.may("self"))
        if own or self.by.may("privacy:write"):
            return None
        return Forbidden(field="subject_id", permission="privacy:write")


class Privacy:
    """The same for the API and for the command line."""

    def __init__(self, bus: Bus, rows: Rows, may_go: MayGo) -> None:
        self._bus, self._rows, self._may_go = bus, rows, may_go

    async def give(
        self, asked: Asked, subject_id: UUID, purpose: str, *, source: str, text_version: str
    ) -> Receipt | Refusal:
        """Notes that a person allows a purpose."""
        wish = GiveConsent(
            id=consent_id(subject_id, purpose),
            subject_id=subject_id,
            purpose=purpose,
            source=source,
            text_version=text_version,
        )
        refusal = asked.refusal(subject_id)
        return refusal or await give_consent(self._bus, wish, by=asked.by, command_id=asked.command_id)

    async def withdraw(
        self, asked: Asked, subject_id: UUID, purpose: str, *, source: str
    ) -> Receipt | Refusal:
        """Notes that he allows it no more."""
        if (refusal := asked.refusal(subject_id)) is not None:
            return refusal
        return await self._send(asked, WithdrawConsent(id=consent_id(subject_id, purpose), source=source))

    async def erase(self, asked: Asked, subject_id: UUID, *, reason: str) -> Receipt | Refusal:
        """Has a person forgotten in the caller's tenant."""
        if (refusal := asked.refusal(subject_id)) is not None:
            return refusal
        if not await self._may_go(asked.by.tenant_id, subject_id):
            return TenantNeedsAnOwner(field="subject_id")
        wish = RequestErasure(id=erasure_id(subject_id), subject_id=subject_id, reason=reason)
        return await self._send(asked, wish)

    async def export(self, asked: Asked, subject_id: UUID) -> Receipt | Refusal:
        """Has all that is kept about a person written to a file, whose id is the command's."""
        if (refusal := asked.refusal(subject_id)) is not None:
            return refusal
        return await self._send(asked, RequestExport(id=asked.command_id, subject_id=subject_id))

    async def newest_export(self, tenant_id: UUID, subject_id: UUID) -> ExportRow | None:
        """The person's last export, as it stands."""
        page = await self._rows.page(
            Exports,
            tenant_id,
            where=equals("subject_id", subject_id),
            order=Order("requested_at", descending=True),
            limit=1,
        )
        return next(iter(page.rows), None)

    async def export_row(self, tenant_id: UUID, id: UUID) -> ExportRow | None:
        """An export by id."""
        return (await self._rows.get(Exports, tenant_id, [(id,)])).get((id,))

    async def _send(
        self, asked: Asked, wish: WithdrawConsent | RequestErasure | RequestExport
    ) -> Receipt | Refusal:
        return await self._bus.send(
            wish,
            by=asked.by,
            command_id=asked.command_id,
            correlation_id=asked.correlation_id,
            metadata=asked.metadata,
        )
