"""The API of identity."""

from api.identity import api_keys, invitations, people, roles

ROOTS: tuple[type, ...] = (
    people.Query,
    people.Mutation,
    roles.Query,
    roles.Mutation,
    invitations.Query,
    invitations.Mutation,
    api_keys.Query,
    api_keys.Mutation,
)
