"""Tenants for operators: asking for one or for a move, suspending and closing, and where all of them are."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.execution.access import covered
from api.kit.schema.commands import COMMAND_ID, Receipt, Refused, built
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, described, field
from api.kit.schema.node_types import enum, takes
from api.kit.schema.scalars import Position
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations import tenant_commands as domain
from domain.operations.tenants import PlacementKind
from domain.tenancy import tenant_commands as tenancy
from projections.operations.operator_requests import asked_by
from projections.operations.tenant_placements import PlacedTenant, PlacementRequest, TenantPlacements, Wish

enum(PlacementKind)

NEEDS = "ops:tenants"

_ids = TimeOrderedIds()


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


def _asks(command: type[Wish]) -> StrawberryField:
    makes = command is domain.RequestTenant
    left_out, mutation = (("id", "asked_by"), "createTenant") if makes else (("asked_by",), None)
    taken = takes(command, leave_out=left_out, mutation=mutation)
    answer = Annotated[
        TenantPlacementReceipt | Refused,
        strawberry.union("TenantPlacementAnswer", description="A receipt or a refusal."),
    ]

    async def resolve(info: Info, input: Any, command_id: UUID | None = None) -> Any:
        context = info.context
        chosen = command_id or _ids.new()
        try:
            wish = built(command, input, chosen, asked_by=asked_by(context.caller))
        except Refusal as refusal:
            return Refused.of(refusal)
        outcome = await context.port(TenantPlacements).placing.ask(
            wish,
            by=context.caller,
            command_id=chosen,
            correlation_id=context.correlation_id,
            metadata=context.trace,
        )
        if isinstance(outcome, Refusal):
            return Refused.of(outcome)
        return TenantPlacementReceipt(
            command_id=chosen,
            position=Position(outcome.last),
            repeated=outcome.repeated,
            tenant_id=wish.id,
        )

    resolve.__annotations__ |= {
        "input": Annotated[taken, strawberry.argument(description="The command's input.")],
        "command_id": Annotated[UUID | None, strawberry.argument(description=COMMAND_ID)],
        "return": answer,
    }
    description = f"{' '.join((command.__doc__ or '').split())} Needs `{NEEDS}`."
    return described(resolve, description, needs=NEEDS)


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
    create_tenant = _asks(domain.RequestTenant)
    move_tenant = _asks(domain.MoveTenant)
    suspend_tenant = _asks(tenancy.SuspendTenant)
    reactivate_tenant = _asks(tenancy.ReactivateTenant)
    close_tenant = _asks(tenancy.CloseTenant)
