"""The views of tenancy."""

from projections.tenancy.entity_index import EntityIndex
from projections.tenancy.flags import FeatureFlags, FlagTags
from projections.tenancy.subscriptions import Invoices, Subscriptions
from projections.tenancy.tenants import Tenants

VIEWS = (Tenants, FeatureFlags, Subscriptions, Invoices, EntityIndex, FlagTags)
