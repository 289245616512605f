"""The API of signing in."""

from api.auth import accounts, factors, recovery, sessions, sign_in

ROOTS: tuple[type, ...] = (
    sign_in.Mutation,
    recovery.Mutation,
    sessions.Query,
    sessions.Mutation,
    factors.Mutation,
    accounts.Mutation,
)
