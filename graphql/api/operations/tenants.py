"""Tenants for operators: asking for one or for a move, suspending and closing, and where all of them are."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.model import (
    COVERED,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Receipt,
    Refusal,
    Sending,
    Sent,
    among,
    argument,
    covered,
    field,
    forward,
    shows,
)
from api.kit.schema.lists.held import held_filter, meeting
from api.operations.live_lists import Happening, OperatorList
from api.operations.operator_commands import operator_mutation
from domain.kit.tenants import Placement
from domain.operations import tenant_commands as domain
from domain.operations.tenants import PlacementState
from domain.tenancy import tenant_commands as tenancy
from projections.operations.operator_requests import asked_by
from projections.operations.tenant_placements import (
    PlacedTenant,
    PlacementCommand,
    PlacementRequest,
    TenantPlacements,
)

NEEDS = "ops:tenants"


@shows(PlacedTenant, needs=COVERED)
class TenantPlacement:
    """A tenant as operators see it: where its data is stored, and the state of that."""

    placement: Placement | None
    state: PlacementState | None
    # The object with this id is the tenant itself.
    id: UUID = strawberry.field(name="tenantId", description="The tenant's id.")


@shows(PlacementRequest, needs=COVERED)
class TenantOperation:
    """The progress of the last operation on a tenant."""

    status: PlacementState | None


@covered
@strawberry.type(description="The receipt of an operation on a tenant.")
class TenantPlacementReceipt(Receipt):
    """Names the tenant."""

    tenant_id: UUID = strawberry.field(
        description="The tenant's id; `tenantOperation` shows the progress if a worker carries the operation out."
    )


def _asks(
    command: type[PlacementCommand], *, makes: bool = False, name: str | None = None
) -> StrawberryField:
    async def send(sending: Sending) -> Sent | Refusal:
        request = await sending.command(command, asked_by=asked_by(sending.ask.caller))
        stored = await sending.ask.port(TenantPlacements).placing.ask(request, **sending.sent_by)
        return stored if isinstance(stored, Refusal) else Sent(stored, {"tenant_id": request.id})

    return operator_mutation(command, send, TenantPlacementReceipt, needs=NEEDS, makes=makes, name=name)


def _slug(tenant: PlacedTenant) -> str:
    return tenant.slug


TenantPlacementFilter = held_filter(TenantPlacement, PlacedTenant, plural="tenants")


@strawberry.type
class Query:
    @field(
        "The tenants and where their data is stored, by pages, sorted by slug, for operators.",
        ForwardConnection[TenantPlacement],
        needs=NEEDS,
    )
    async def tenants(
        self,
        info: Info,
        filter: Annotated[
            TenantPlacementFilter | None,  # type: ignore[valid-type]
            argument("The filter; everything by default."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[PlacedTenant]:
        tree = TenantPlacementFilter.tree(filter)
        found = meeting(await info.context.port(TenantPlacements).placing.all(), tree)
        return await forward(info.context, "tenants", first, after, among(found, _slug), place=_slug, of=str)

    @field(
        "The progress of the last operation on a tenant, for operators.", TenantOperation | None, needs=NEEDS
    )
    async def tenant_operation(
        self, info: Info, id: Annotated[UUID, argument("The tenant's id.")]
    ) -> PlacementRequest | None:
        return await info.context.port(TenantPlacements).placing.asked(id)


@strawberry.type
class Mutation:
    create_tenant = _asks(domain.RequestTenant, makes=True, name="createTenant")
    move_tenant = _asks(domain.MoveTenant)
    suspend_tenant = _asks(tenancy.SuspendTenant)
    reactivate_tenant = _asks(tenancy.ReactivateTenant)
    close_tenant = _asks(tenancy.CloseTenant)


_live = OperatorList(
    name="tenants",
    shown=TenantPlacement,
    needs=NEEDS,
    read=lambda ask: ask.port(TenantPlacements).placing.all,
    named=lambda tenant: str(tenant.id),
    names="The tenant's id",
    made=Happening("ADDED", "The tenant is new."),
    happens=(
        Happening(
            "MOVED",
            "Its data is at another place.",
            lambda before, now: (now.placement, now.database) != (before.placement, before.database),
        ),
        Happening("STATE_CHANGED", "Its state changed.", lambda before, now: now.state != before.state),
        Happening(
            "RENAMED",
            "It has another name or slug.",
            lambda before, now: (now.name, now.slug) != (before.name, before.slug),
        ),
    ),
    gone=Happening("REMOVED", "The tenant is gone."),
)


@strawberry.type
class Subscription:
    tenant_placement_changed = _live.subscription(
        "Every change of where tenants are placed that is noticed once a second, for operators."
    )
