"""Carries out what people ask about their data: consents, exports, and to be forgotten."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from domain.governance.consents import (
    GiveConsent,
    RefuseConsent,
    consent_id,
    give_consent,
    withdraw_consent,
)
from domain.governance.erasures import ErasureUnderWay, RequestErasure, UserIsErased, erasure_id
from domain.governance.exports import RequestExport
from domain.governance.refusals import SubjectIsKnown, TooManyAtOnce
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyExists, Forbidden, NotFound, Refusal
from projections.governance.erasures import Erasures
from projections.governance.exports import ExportRow, Exports, ExportState
from projections.kit.model import PostgresView
from projections.kit.read.conditions import Condition, equals
from projections.kit.read.keyset import Order
from projections.kit.read.postgres_reader import PostgresRows

MayGo = Callable[[Caller, UUID], Awaitable[Refusal | None]]
"""Why the caller cannot have a person of their tenant forgotten now, as when that would leave it to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSubject:
    """Who asks, and by which ids that is known."""

    by: Caller
    command_id: UUID
    correlation_id: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

    def refusal(self, subject_id: UUID) -> Refusal | None:
        """Why they may not ask for this about that person; everybody may for themselves."""
        # A key is not the person who made it, also where it may act as them: whoever finds it destroys nothing.
        own = subject_id == self.by.user_id and self.by.kind != "key"
        if own or self.by.may("privacy:write"):
            return None
        return Forbidden(field="subject_id", permission="privacy:write")

    def at_home(self) -> "DataSubject":
        """The same, of somebody who belongs to no tenant, in the tenant of accounts: with no right there but their
        own."""
        home = self.by.home
        return (
            self
            if home == self.by.tenant_id
            else replace(self, by=Caller(tenant_id=home, user_id=self.by.user_id))
        )


AT_ONCE = 50
"""How many erasures, and how many exports, of one tenant may be under way."""


class SubjectDirectory(Protocol):
    """Whom a tenant keeps data about."""

    async def knows(self, tenant_id: UUID, subject_id: UUID) -> bool:
        """Whether the tenant has, or had, anything that is about this person."""
        ...

    async def person(self, tenant_id: UUID, subject_id: UUID) -> UUID | None:
        """Who is known to the tenant by an address of this subject, when that is somebody else."""
        ...


class Privacy:
    """The same for the API and for the command line."""

    def __init__(self, bus: Bus, rows: PostgresRows, may_go: MayGo, people: SubjectDirectory) -> None:
        self._bus, self._rows, self._may_go, self._people = bus, rows, may_go, people

    async def give(
        self, request: DataSubject, subject_id: UUID, purpose: str, *, source: str, text_version: str
    ) -> AppendReceipt | Refusal:
        """Note that a person allows a purpose."""
        command = GiveConsent(
            id=consent_id(subject_id, purpose),
            subject_id=subject_id,
            purpose=purpose,
            source=source,
            text_version=text_version,
        )
        refusal = request.refusal(subject_id)
        return refusal or await give_consent(self._bus, command, by=request.by, command_id=request.command_id)

    async def withdraw(
        self, request: DataSubject, subject_id: UUID, purpose: str, *, source: str
    ) -> AppendReceipt | Refusal:
        """Note that they do not allow it, or no more."""
        if (refusal := request.refusal(subject_id)) is not None:
            return refusal
        return await withdraw_consent(
            self._bus,
            RefuseConsent(
                id=consent_id(subject_id, purpose), subject_id=subject_id, purpose=purpose, source=source
            ),
            by=request.by,
            command_id=request.command_id,
            correlation_id=request.correlation_id,
            metadata=request.metadata,
        )

    async def erase(self, request: DataSubject, subject_id: UUID, *, reason: str) -> AppendReceipt | Refusal:
        """Have a person forgotten in the caller's tenant; who belongs to none, as the owner of an account."""
        request = request.at_home()
        if (refusal := await self._refusal(request, subject_id)) is not None:
            return refusal
        tenant_id, id = request.by.tenant_id, erasure_id(subject_id)
        if (refusal := await self._may_go(request.by, subject_id)) is not None:
            return refusal
        if (person := await self._people.person(tenant_id, subject_id)) is not None:
            return SubjectIsKnown(field="subject_id", user=person)
        known = (await self._rows.get(Erasures, tenant_id, [(id,)])).get((id,))
        if known is None and await self._many(Erasures, tenant_id, equals("sha256", "")):
            return TooManyAtOnce(field="subject_id", most=AT_ONCE)
        outcome = await self._send(request, RequestErasure(id=id, subject_id=subject_id, reason=reason))
        if not isinstance(outcome, AlreadyExists):
            return outcome
        is_done = known is not None and known.certified_at is not None
        return UserIsErased(field="subject_id") if is_done else ErasureUnderWay(field="subject_id")

    async def export(self, request: DataSubject, subject_id: UUID) -> AppendReceipt | Refusal:
        """Have all that is kept about a person written to a file, whose id is the command's."""
        request = request.at_home()
        if (refusal := await self._refusal(request, subject_id)) is not None:
            return refusal
        erased = (
            await self._rows.get(Erasures, request.by.tenant_id, [(id := erasure_id(subject_id),)])
        ).get((id,))
        if erased is not None and erased.certified_at is not None:
            return UserIsErased(field="subject_id")
        if await self._many(Exports, request.by.tenant_id, equals("state", ExportState.RUNNING)):
            return TooManyAtOnce(field="subject_id", most=AT_ONCE)
        return await self._send(request, RequestExport(id=request.command_id, subject_id=subject_id))

    async def _refusal(self, request: DataSubject, subject_id: UUID) -> Refusal | None:
        """Why nothing can be asked for about this person."""
        if (refusal := request.refusal(subject_id)) is not None:
            return refusal
        if not await self._people.knows(request.by.tenant_id, subject_id):
            return NotFound(field="subject_id", what="person")
        return None

    async def _many(
        self, view: type[PostgresView[Any]], tenant_id: UUID, running: Sequence[Condition]
    ) -> bool:
        return await self._rows.count(view, tenant_id, where=running) >= AT_ONCE

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
        self, request: DataSubject, command: RequestErasure | RequestExport
    ) -> AppendReceipt | Refusal:
        return await self._bus.send(
            command,
            by=request.by,
            command_id=request.command_id,
            correlation_id=request.correlation_id,
            metadata=request.metadata,
        )
