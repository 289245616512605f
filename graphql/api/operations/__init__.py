"""The API for operators."""

from api.operations import effects, nodes, parked, rebuilds, replays, tenants, views

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
    replays.Mutation,
    tenants.Query,
    tenants.Mutation,
)
