"""The API of identity."""

from api.identity import people

ROOTS: tuple[type, ...] = (people.Query, people.Mutation)
