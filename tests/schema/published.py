"""The schema as clients see it."""

from functools import cache

from graphql import GraphQLError, GraphQLSchema, build_schema, parse, validate

from api.schema import schema


@cache
def published() -> GraphQLSchema:
    """The schema, built of what is published of it."""
    return build_schema(schema.as_str())


def faults(document: str) -> list[GraphQLError]:
    """What is wrong with a document."""
    return validate(published(), parse(document))
