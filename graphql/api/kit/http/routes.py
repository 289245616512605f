"""The routes of a GraphQL API, for the composition root to serve."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import TypeVar

import strawberry
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.kit.execution.access import Permit
from api.kit.execution.engine import Context
from api.kit.execution.limits import Limits
from api.kit.http.endpoint import GraphQLEndpoint
from api.kit.http.graphiql import EditorPage, graphiql_routes
from api.kit.http.rest import RestRoute, rest_routes
from api.kit.http.streams import Streams

I = TypeVar("I")  # noqa: E741


def graphql_routes(
    schema: strawberry.Schema,
    authenticate: Callable[[Mapping[str, str]], Awaitable[I]],
    make_context: Callable[[I], Context[I] | Awaitable[Context[I]]],
    *,
    scope: Callable[[I], Hashable] = lambda identity: None,
    lifetime: Callable[[I], float | None] = lambda identity: None,
    changes: Callable[[I], Hashable] = lambda identity: None,
    limits: Limits | None = None,
    streams: Streams | None = None,
    permits: Callable[[I, str | None], Permit] = lambda identity, need: Permit.GRANTED,
    shares: Callable[[I], tuple[Hashable, Hashable] | None] = lambda identity: ("", ""),
    network: Callable[[str | None], Hashable] = lambda host: host,
    path: str = "/graphql",
    rest: Iterable[RestRoute] = (),
    editor: EditorPage | None = EditorPage(),  # noqa: B008
) -> list[BaseRoute]:
    """GraphQL at `path` over HTTP and WebSocket and, unless `editor` is None, GraphiQL at `/`. The `rest`
    routes send documents of their own.

    The other arguments are those of `GraphQLEndpoint`; close the `streams` before the server stops.
    """
    endpoint = GraphQLEndpoint(
        schema,
        authenticate,
        make_context,
        scope=scope,
        lifetime=lifetime,
        changes=changes,
        limits=limits,
        streams=streams,
        permits=permits,
        shares=shares,
        network=network,
    )
    return [
        Route(path, endpoint),
        WebSocketRoute(path, endpoint),
        *rest_routes(rest, endpoint, limits or Limits()),
        *(graphiql_routes(path, editor) if editor is not None else ()),
    ]
