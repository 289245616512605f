"""The manifest of tenancy among the views."""

from projections.kit.context.context import ContextViews
from projections.tenancy import entity_index, flags, guard, languages, subscriptions, tenants

CONTEXT = ContextViews(
    package=__name__,
    modules=(entity_index, flags, subscriptions, tenants),
    readers=(flags.flags_reader,),
    guard=lambda reading: guard.TenantGuard(reading.rows, here=reading.region),
    language=lambda reading: languages.TenantLanguages(reading.rows).of,
    not_exported={
        entity_index.EntityIndex: "Finds by a key what stands in other views.",
        tenants.Tenants: "The company.",
        flags.FeatureFlags: "The company's.",
    },
)
