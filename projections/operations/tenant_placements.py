"""Where tenants are placed, for operators: what is asked is noted in the log, and a process does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.fields import Describe
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal
from domain.operations.tenant_commands import MoveTenant, RequestTenant
from domain.tenancy.tenant_commands import CloseTenant, ReactivateTenant, SuspendTenant

Change = SuspendTenant | ReactivateTenant | CloseTenant
"""Whether a tenant's people may change anything."""
PlacementCommand = RequestTenant | MoveTenant | Change


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTenant:
    """A tenant as the registry has it."""

    id: Annotated[UUID, Describe("The tenant's id.")]
    name: Annotated[str, Describe("The company's name.")]
    slug: Annotated[str, Describe("The tenant's slug.")]
    placement: Annotated[str, Describe("Where its data is stored.")]
    region: Annotated[str, Describe("The region where its data is kept.")]
    state: Annotated[str, Describe("The state of the placement.")]
    database: Annotated[
        str | None, Describe("The database of its own that serves it; null if it shares the platform's.")
    ]
    left: Annotated[
        str | None, Describe("The database of its own that it was moved away from, if that still exists.")
    ]
    updated_at: Annotated[datetime, Describe("When this last changed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRequest:
    """The progress of the last operation on a tenant."""

    status: Annotated[str, Describe("The operation's status.")]
    step: Annotated[str | None, Describe("The step that failed.")] = None
    reason: Annotated[str | None, Describe("Why the step failed.")] = None


class PlacementView(Protocol):
    """Asks for tenants and lists them. Whether the caller may is for those to know who accepted the command."""

    async def ask(
        self,
        command: PlacementCommand,
        *,
        by: Caller,
        command_id: UUID | None = None,
        correlation_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> AppendReceipt | Refusal:
        """Note the command, once for each ``command_id``; a worker then carries it out. A change is made at once,
        in the database that serves the tenant."""
        ...

    async def asked(self, tenant_id: UUID) -> PlacementRequest | None:
        """How it stands; None for a tenant that nobody asked for."""
        ...

    async def all(self) -> list[PlacedTenant]:
        """All tenants of the registry, in order of their slugs."""
        ...


@dataclass(frozen=True, slots=True)
class TenantPlacements:
    """All of it, as the API finds it."""

    placing: PlacementView
