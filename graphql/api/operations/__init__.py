"""The API for operators."""

from api.operations import nodes, parked, rebuilds, tenants, views

ROOTS: tuple[type, ...] = (
    views.Query,
    nodes.Query,
    rebuilds.Query,
    rebuilds.Mutation,
    rebuilds.Subscription,
    parked.Query,
    parked.Mutation,
    tenants.Query,
    tenants.Mutation,
)
