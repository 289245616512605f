"""The API of tenancy."""

from api.tenancy import entities, flags, subscriptions, tenants

ROOTS: tuple[type, ...] = (
    tenants.Query,
    tenants.Mutation,
    entities.Query,
    flags.Query,
    flags.Mutation,
    subscriptions.Query,
    subscriptions.Mutation,
)
