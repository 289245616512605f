"""Tenants for operators: asking for one or for a move, suspending and closing, and where all of them are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.model import Info, Refusal, Sending, Sent, argument, covered, enum, field
from api.kit.schema.commands import Receipt
from api.operations.operator_commands import operator_mutation
from domain.operations import tenant_commands as domain
from domain.operations.tenants import PlacementKind
from domain.tenancy import tenant_commands as tenancy
from projections.operations.operator_requests import asked_by
from projections.operations.tenant_placements import PlacedTenant, PlacementRequest, TenantPlacements, Wish

enum(PlacementKind)

NEEDS = "ops:tenants"


@covered
@strawberry.type(description="A tenant as operators see it: where its data is stored, and the state of that.")
class TenantPlacement:
    """A row of the registry."""

    id: UUID = strawberry.field(description="The tenant's id.")
    name: str = strawberry.field(description="The company's name.")
    slug: str = strawberry.field(description="The tenant's slug.")
    placement: str = strawberry.field(description="`pooled`, or `silo` when it has a database of its own.")
    region: str = strawberry.field(description="The region where its data is kept.")
    state: str = strawberry.field(description="`provisioning`, `ready`, `moving` or `failed`.")
    database: str | None = strawberry.field(
        description="The database of its own that serves it; null if it shares the platform's."
    )
    left: str | None = strawberry.field(
        description="The database of its own that it was moved away from, if that still exists."
    )
    updated_at: datetime = strawberry.field(description="When this last changed.")

    @classmethod
    def of(cls, one: PlacedTenant) -> "TenantPlacement":
        """The row as the API shows it."""
        return cls(
            id=one.id,
            name=one.name,
            slug=one.slug,
            placement=one.placement,
            region=one.region,
            state=one.state,
            database=one.database,
            left=one.left,
            updated_at=one.updated_at,
        )


@covered
@strawberry.type(description="The progress of the last operation on a tenant.")
class TenantWish:
    """What came of it."""

    status: str = strawberry.field(description="`provisioning`, `moving`, `ready` or `failed`.")
    step: str | None = strawberry.field(description="The step that failed.")
    reason: str | None = strawberry.field(description="Why the step failed.")

    @classmethod
    def of(cls, one: PlacementRequest) -> "TenantWish":
        """The outcome as the API shows it."""
        return cls(status=one.status, step=one.step, reason=one.reason)


@covered
@strawberry.type(description="The receipt of an operation on a tenant.")
class TenantPlacementReceipt(Receipt):
    """Names the tenant."""

    tenant_id: UUID = strawberry.field(
        description="The tenant's id; `tenantWish` shows the progress if a worker carries the operation out."
    )


def _asks(command: type[Wish], *, makes: bool = False, name: str | None = None) -> StrawberryField:
    async def send(sending: Sending) -> Sent | Refusal:
        wish = await sending.command(command, asked_by=asked_by(sending.ask.caller))
        stored = await sending.ask.port(TenantPlacements).placing.ask(wish, **sending.sent_by)
        return stored if isinstance(stored, Refusal) else Sent(stored, {"tenant_id": wish.id})

    return operator_mutation(command, send, TenantPlacementReceipt, needs=NEEDS, makes=makes, name=name)


@strawberry.type
class Query:
    @field("The tenants and where their data is stored, sorted by slug, for operators.", needs=NEEDS)
    async def tenants(self, info: Info) -> list[TenantPlacement]:
        return [TenantPlacement.of(one) for one in await info.context.port(TenantPlacements).placing.all()]

    @field("The progress of the last operation on a tenant, for operators.", needs=NEEDS)
    async def tenant_wish(
        self, info: Info, id: Annotated[UUID, argument("The tenant's id.")]
    ) -> TenantWish | None:
        asked = await info.context.port(TenantPlacements).placing.asked(id)
        return None if asked is None else TenantWish.of(asked)


@strawberry.type
class Mutation:
    create_tenant = _asks(domain.RequestTenant, makes=True, name="createTenant")
    move_tenant = _asks(domain.MoveTenant)
    suspend_tenant = _asks(tenancy.SuspendTenant)
    reactivate_tenant = _asks(tenancy.ReactivateTenant)
    close_tenant = _asks(tenancy.CloseTenant)
