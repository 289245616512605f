"""The API of signing in."""

from api.auth import accounts, factors, recovering, sessions, signing_in

ROOTS: tuple[type, ...] = (
    signing_in.Mutation,
    recovering.Mutation,
    sessions.Query,
    sessions.Mutation,
    factors.Mutation,
    accounts.Mutation,
)
