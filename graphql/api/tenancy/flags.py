"""Feature flags of the caller's tenant."""

from typing import Annotated

import strawberry

from api.kit.model import After, Info, Node, Resource, argument, field, shows
from domain.tenancy.flags import AddFeatureFlag, RemoveFeatureFlag, SetFeatureFlag
from projections.tenancy.flags import FeatureFlagRow, FeatureFlags, Flags


@shows(FeatureFlagRow, needs="tenant:read")
class FeatureFlag(Node):
    """A feature flag of the tenant."""


_flags = Resource(FeatureFlag, FeatureFlags, read="tenant:read", write="tenant:write")


@strawberry.type
class Query:
    feature_flags = _flags.list("The tenant's feature flags, by pages.")

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
    add_feature_flag = _flags.mutation(AddFeatureFlag)
    set_feature_flag = _flags.mutation(SetFeatureFlag)
    remove_feature_flag = _flags.mutation(RemoveFeatureFlag)
