"""Feature flags of the caller's tenant."""

from typing import Annotated

import strawberry

from api.kit.schema.commands import receipt, sends
from api.kit.schema.connections import listed
from api.kit.schema.context import Info
from api.kit.schema.fields import After, argument, field
from api.kit.schema.node_types import Node, shows
from domain.tenancy.flags import AddFeatureFlag, RemoveFeatureFlag, SetFeatureFlag
from projections.kit.read.conditions import Condition, equals
from projections.kit.read.postgres_reader import Order
from projections.tenancy.flags import FeatureFlagRow, FeatureFlags, Flags


@shows(FeatureFlagRow, needs="tenant:read")
class FeatureFlag(Node):
    """A feature flag of the tenant."""


@strawberry.input(description="Which feature flags to list: those that meet all that is given.")
class FeatureFlagFilter:
    """What the listed flags must meet."""

    feature_name: str | None = strawberry.field(default=None, description="For this feature.")
    enabled: bool | None = strawberry.field(default=None, description="Enabled or disabled.")

    def conditions(self) -> list[Condition]:
        return [*equals("feature_name", self.feature_name), *equals("enabled", self.enabled)]


FeatureFlagReceipt = receipt(FeatureFlag, FeatureFlags, name="feature_flag")


@strawberry.type
class Query:
    feature_flags = listed(
        FeatureFlag,
        FeatureFlags,
        filter=FeatureFlagFilter,
        orders={"FEATURE_NAME": Order("feature_name"), "CREATED_AT": Order("created_at")},
        description="The tenant's feature flags, by pages.",
        needs="tenant:read",
    )

    @field("Whether a feature is enabled, for programs; cached for five minutes.", needs="self")
    async def feature_enabled(
        self,
        info: Info,
        name: Annotated[str, argument("The feature's name.")],
        default: Annotated[bool, argument("The result for a tenant without this flag.")] = False,
        after_position: After = None,
    ) -> bool:
        ask = info.context
        await ask.caught_up(FeatureFlags, after_position)
        flags = ask.port(Flags)
        return await flags.enabled(ask.caller.tenant_id, name, default=default, at_least=after_position or 0)


@strawberry.type
class Mutation:
    add_feature_flag = sends(AddFeatureFlag, FeatureFlagReceipt, needs="tenant:write")
    set_feature_flag = sends(SetFeatureFlag, FeatureFlagReceipt, needs="tenant:write")
    remove_feature_flag = sends(RemoveFeatureFlag, FeatureFlagReceipt, needs="tenant:write")
