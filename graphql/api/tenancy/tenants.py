"""The caller's own tenant: what it is, and what it has chosen."""

from typing import Annotated

import strawberry

from api.kit.model import After, Info, Node, Refusal, Resource, Sending, Sent, argument, field, shows
from api.kit.schema.past import AsOf, moment
from domain.tenancy.slug_registry import SlugRegistry
from domain.tenancy.tenant_commands import ChangeTenantSettings, ChangeTenantSlug, RenameTenant
from projections.tenancy.tenants import TenantRow, Tenants


@shows(TenantRow, needs="tenant:read")
class Tenant(Node):
    """A company that the product serves."""


_tenants = Resource(Tenant, Tenants, read="tenant:read", write="tenant:write")


async def _change_slug(sending: Sending) -> Sent | Refusal:
    change = await sending.command(ChangeTenantSlug)
    if await sending.was_executed():
        return await sending.send(change)
    registry, tenant_id = sending.ask.port(SlugRegistry), sending.ask.caller.tenant_id
    reservation = await registry.reserve(tenant_id, change.slug)
    # When it raises it may be stored all the same: then the slug stays reserved, for an hour at most.
    outcome = await sending.send(change)
    if isinstance(outcome, Refusal):
        await registry.release(tenant_id, reservation)
    return outcome


@strawberry.type
class Query:
    @field("The caller's tenant; null where none was created.", Tenant | None, needs="tenant:read")
    async def tenant(
        self,
        info: Info,
        as_of: Annotated[AsOf | None, argument("Read the state as of this moment in the past.")] = None,
        after_position: After = None,
    ) -> TenantRow | None:
        own = info.context.caller.tenant_id
        if (at := await moment(info, as_of)) is not None:
            return await info.context.past.row(Tenants, (own,), at)
        await info.context.caught_up(Tenants, after_position)
        return await info.context.row(Tenants, own)


@strawberry.type
class Mutation:
    rename_tenant = _tenants.mutation(RenameTenant)
    change_tenant_settings = _tenants.mutation(ChangeTenantSettings)
    change_tenant_slug = _tenants.mutation(ChangeTenantSlug, send=_change_slug)
