"""The API of governance."""

from api.governance import accesses, consents, history, privacy

ROOTS: tuple[type, ...] = (
    accesses.Query,
    history.Query,
    history.Subscription,
    consents.Query,
    consents.Mutation,
    privacy.Query,
    privacy.Mutation,
    privacy.Subscription,
)
