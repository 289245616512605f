"""The API for operators."""

from api.operations import effects, nodes, parked, rebuilds, tenants, views

ROOTS: tuple[type, ...] = (
    views.Query,
    views.Mutation,
    nodes.Query,
    rebuilds.Query,
    rebuilds.Mutation,
    rebuilds.Subscription,
    parked.Query,
    parked.Mutation,
    effects.Query,
    effects.Mutation,
    tenants.Query,
    tenants.Mutation,
)
