"""The caller's own tenant: what it is, and what it has chosen."""

from typing import Annotated

import strawberry

from api.kit.schema.commands import receipt, sends
from api.kit.schema.context import Info
from api.kit.schema.fields import After, argument, field
from api.kit.schema.node_types import Node, shows
from api.kit.schema.past import AsOf, moment
from domain.tenancy.slug_check import SlugCheck
from domain.tenancy.tenant_commands import ChangeTenantSettings, ChangeTenantSlug, RenameTenant
from projections.tenancy.tenants import TenantRow, Tenants


@shows(TenantRow, needs="tenant:read")
class Tenant(Node):
    """A company that the product serves."""


TenantReceipt = receipt(Tenant, Tenants, name="tenant")


async def _free_everywhere(info: Info, command: ChangeTenantSlug) -> None:
    await info.context.port(SlugCheck).require_free(info.context.caller.tenant_id, command.slug)


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
    rename_tenant = sends(RenameTenant, TenantReceipt, needs="tenant:write")
    change_tenant_settings = sends(ChangeTenantSettings, TenantReceipt, needs="tenant:write")
    change_tenant_slug = sends(ChangeTenantSlug, TenantReceipt, needs="tenant:write", allows=_free_everywhere)
