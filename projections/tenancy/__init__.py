"""The manifest of tenancy among the views."""

from projections.kit.context.context import ContextViews
from projections.tenancy import entity_index, flags, subscriptions, tenants

CONTEXT = ContextViews(
    package=__name__,
    modules=(entity_index, flags, subscriptions, tenants),
    readers=(flags.flags_reader,),
    not_exported={
        entity_index.EntityIndex: "Finds by a key what stands in other views.",
        tenants.Tenants: "The company.",
        flags.FeatureFlags: "The company's.",
    },
)
