"""The manifest of tenancy among the views."""

from projections.kit.context.context import ContextViews
from projections.tenancy import entity_index, flags, subscriptions, tenants

CONTEXT = ContextViews(
    package=__name__,
    modules=(entity_index, flags, subscriptions, tenants),
    readers=(flags.flags_reader,),
)
