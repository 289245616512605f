"""The API process: GraphQL, health and metrics on one ASGI application."""

from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.kit.context import Ask
from api.kit.limits import Limits
from api.kit.routes import graphql_routes
from api.kit.streams import Streams
from api.schema import schema
from app.assembly import Assembly, assembled
from app.logs import Correlated, correlation
from app.settings import Settings, read_settings
from app.tokens import Tokens
from domain.kit.caller import Caller


def create_app(settings: Settings | None = None, streams: Streams | None = None) -> Starlette:
    """The application. Close the ``streams`` before the server stops; see `Streams`."""
    settings = settings or read_settings()
    holder: list[Assembly] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            holder.append(await stack.enter_async_context(assembled(settings)))
            yield

    def make_context(caller: Caller) -> Ask:
        return Ask(identity=caller, services=holder[0].services, correlation_id=correlation.get())

    tokens = Tokens(settings.derive("tokens"))
    routes = graphql_routes(
        schema,
        tokens.authenticate,
        make_context,
        scope=_scope,
        limits=limits(settings),
        streams=streams,
        graphiql_title="Headwater",
    )
    return Starlette(
        routes=[Route("/health/live", _live), *routes], lifespan=lifespan, middleware=[Middleware(Correlated)]
    )


async def _live(request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


def limits(settings: Settings) -> Limits:
    """What one client may ask, as the settings say."""
    return Limits(
        body_bytes=settings.max_body_bytes,
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        cost=settings.max_cost,
        introspection=settings.introspection,
    )


def _scope(caller: Caller) -> Hashable:
    """Callers who may see the same: those of one tenant with the same permissions."""
    return caller.tenant_id, caller.permissions
