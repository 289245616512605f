"""The API process: GraphQL, health and metrics on one ASGI application."""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from api.kit.context import Ask
from api.kit.limits import Limits
from api.kit.routes import graphql_routes
from api.kit.streams import Streams
from api.schema import schema
from app.assembly import HELPFUL, Assembly, assembled
from app.health import Check, Checks, health_routes
from app.logs import Correlated, correlation
from app.observability import metrics_route
from app.settings import Settings, read_settings
from app.standing import Standing, standing
from app.tokens import Tokens
from app.tracing import TracedRequests, start_tracing, traceparent
from domain.kit.caller import Caller
from projections.kit.status import ViewStatus


def create_app(settings: Settings | None = None, streams: Streams | None = None) -> Starlette:
    """The application. Close the ``streams`` before the server stops; see `Streams`."""
    settings = settings or read_settings()
    running = _Running(settings)
    routes: list[BaseRoute] = [
        *health_routes(
            Checks(
                running.statuses,
                {name: running.check(name) for name in HELPFUL},
                missing=running.missing,
                ailments=running.ailments,
            )
        ),
        metrics_route(running.statuses, running.standing),
        *graphql_routes(
            schema,
            Tokens(settings.derive("tokens")).authenticate,
            running.ask,
            scope=_scope,
            lifetime=_lifetime,
            limits=limits(settings),
            streams=streams,
            graphiql_title="Headwater",
        ),
    ]
    middleware = [Middleware(Correlated)]
    if start_tracing("headwater-api"):
        middleware.append(Middleware(TracedRequests))
    return Starlette(routes=routes, lifespan=running.lifespan, middleware=middleware)


class _Running:
    """The assembly between start and stop; routes are made before there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._assembly: Assembly | None = None

    @property
    def assembly(self) -> Assembly:
        """The parts of this process."""
        assert self._assembly is not None, "The application has not started."
        return self._assembly

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Puts the parts together for as long as the application runs."""
        async with assembled(self._settings) as self._assembly:
            yield

    def ask(self, caller: Caller) -> Ask:
        """The context of one execution, which reads the same generation of each view to its end."""
        self.assembly.live.pin()
        return Ask(
            identity=caller,
            services=self.assembly.services,
            correlation_id=correlation.get(),
            trace=traceparent(),
        )

    async def statuses(self) -> list[ViewStatus]:
        """How the views stand."""
        return await self.assembly.services.progress.statuses()

    async def standing(self) -> Standing:
        """How what is beside the views stands."""
        return await standing(self.assembly.database.writer)

    async def ailments(self) -> list[str]:
        """What is wrong beside the views."""
        return (await self.standing()).ailments

    def missing(self) -> list[str]:
        """The views that cannot be read yet."""
        return self.assembly.live.missing()

    def check(self, name: str) -> Check:
        """The check of something that helps; it raises when that is not well."""

        async def check() -> object:
            return await self.assembly.helpful[name]()

        return check


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


def _lifetime(caller: Caller) -> float | None:
    """How many seconds the caller's token is still good for; a stream ends with it."""
    if caller.expires_at is None:
        return None
    return (caller.expires_at - datetime.now(UTC)).total_seconds()


def _scope(caller: Caller) -> Hashable:
    """Callers who may see the same: those of one tenant with the same permissions."""
    return caller.tenant_id, caller.permissions
