"""The API process: GraphQL, health and metrics on one ASGI application."""

from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from api.kit.execution.access import permits
from api.kit.execution.limits import Limits
from api.kit.http.graphiql import EditorPage, EditorVisitor
from api.kit.http.problems import http_problem, unexpected_problem
from api.kit.http.routes import graphql_routes
from api.kit.http.streams import Streams
from api.kit.schema.context import RequestContext, Services
from api.schema import CONTEXTS, schema
from app.auth.oidc import is_secure
from app.auth.routes import auth_routes
from app.campaigns.preference_routes import preference_routes
from app.campaigns.sender_routes import sender_routes
from app.contexts import VIEWS
from app.entry.assembly import HELPFUL, Assembly, assembled
from app.entry.callers import lifetime, scope, shares
from app.entry.cells import Cells, celled
from app.files.factory import links_of
from app.gateway.callbacks.routes import callback_routes
from app.gateway.file_routes import file_routes
from app.gateway.routes import event_routes
from app.http.availability import Available
from app.http.client_info import Origins
from app.http.cross_origin import CrossOrigin
from app.http.per_caller import PerCaller
from app.http.security_headers import SecurityHeaders
from app.http.session_cookies import CookieSessions
from app.origins import origin_of, read_origins
from app.pages.documentation import documentation_routes
from app.pages.editor import ABOUT, PASSWORD, editor_links, editor_tabs
from app.pages.routes import page_routes
from app.pages.schema_page import schema_routes
from app.privacy.routes import Exported, export_routes
from app.processes.declared import KNOWN
from app.proxies import Proxies, ProxyWatch
from app.settings import Settings, read_settings
from app.storage.database import until_there
from app.telemetry.health import Check, Checks, health_routes, readiness
from app.telemetry.logs import Correlated, correlation
from app.telemetry.metrics import metrics_route
from app.telemetry.monitoring_access import watchers
from app.telemetry.service_health import telling
from app.telemetry.system_status import SystemStatus, standing
from app.telemetry.tracing import TracedRequests, start_tracing, traceparent
from domain.kit.caller import Caller
from projections.kit.read.status import ViewStatus

_REST = tuple(route for context in CONTEXTS for route in context.rest)


def create_app(settings: Settings | None = None, streams: Streams | None = None) -> Starlette:
    """The application. Close the ``streams`` before the server stops; see `Streams`."""
    settings = settings or read_settings()
    streams = Streams() if streams is None else streams
    running = _Running(settings, streams)
    proxies = Proxies(settings.trusted_proxies)
    routes: list[BaseRoute] = [
        *health_routes(running.checks, watchers(settings)),
        metrics_route(running.statuses, running.standing, watchers(settings)),
        *graphql_routes(
            schema,
            running.authenticate,
            running.ask,
            scope=running.scope,
            lifetime=lifetime,
            changes=running.changes,
            limits=limits(settings),
            streams=streams,
            permits=permits,
            rest=_REST,
            shares=shares,
            network=proxies.caller,
            editor=running.editor() if settings.shows_graphiql else None,
        ),
        *auth_routes(lambda: running.assembly.sign_in),
        *page_routes(lambda: running.assembly.sign_in),
        *export_routes(running.authenticate, running.exported),
        *event_routes(running.authenticate, running.services),
        *callback_routes(running.services),
        *preference_routes(running.services, settings),
        *sender_routes(running.services, settings),
        *file_routes(
            running.authenticate,
            running.services,
            links_of(settings),
            most=settings.max_file_bytes,
            in_all=settings.max_files_bytes,
        ),
        *(schema_routes(running.authenticate) if settings.shows_graphiql and settings.introspection else ()),
        *(documentation_routes() if settings.shows_graphiql else ()),
    ]
    origins, secure = read_origins(settings.allowed_origins), is_secure(settings.public_url)
    # Some proxies put another name in place of the public one.
    own = origins | ({origin_of(settings.public_url)} if settings.public_url else set())
    paths = {"/graphql", "/auth", "/exports", *("/" + route.path.split("/")[1] for route in _REST)}
    middleware = [
        Middleware(SecurityHeaders),
        Middleware(Correlated),
        Middleware(ProxyWatch, proxies=proxies),
        Middleware(PerCaller, each=settings.max_connections_each, proxies=proxies),
        Middleware(Origins, secure=secure),
        Middleware(
            CookieSessions,
            key=bytes.fromhex(settings.derive("forged requests")),
            paths=paths,
            origins=own,
            secure=secure,
        ),
        Middleware(Available, probe=lambda: running.assembly.probe),
    ]
    if origins:
        # Outside what may refuse, so that these pages can read refusals as well.
        middleware.insert(2, Middleware(CrossOrigin, origins=origins, paths=paths))
    if start_tracing("headwater-api"):
        middleware.append(Middleware(TracedRequests))
    app = Starlette(
        routes=routes,
        lifespan=running.lifespan,
        middleware=middleware,
        exception_handlers={HTTPException: http_problem, Exception: unexpected_problem},
    )
    # Whether there is a page at `/` that others may lead to.
    app.state.home = settings.shows_graphiql
    return app


class _Running:
    """The assembly between start and stop; routes are made before there is one."""

    def __init__(self, settings: Settings, streams: Streams) -> None:
        self._settings, self._streams = settings, streams
        self._assembly: Assembly | None = None
        self._cells: Cells | None = None
        self.checks = Checks(
            self.statuses,
            {name: self.check(name) for name in HELPFUL},
            missing=self.missing,
            ailments=self.ailments,
        )

    @property
    def assembly(self) -> Assembly:
        """The parts of this process."""
        assert self._assembly is not None, "The application has not started."
        return self._assembly

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Put the parts together for as long as the application runs."""
        await until_there(self._settings.database_url, self._settings.secret)
        async with assembled(self._settings) as platform:
            self._assembly = platform
            leave = self._streams.leave_moved
            async with (
                telling(platform.database.writer, "api", self._settings.region, self._status),
                celled(self._settings, platform, assembled, on_news=leave) as self._cells,
            ):
                homes = platform.sign_in.homes
                homes.reach, homes.look = self._home, self._cells.look
                yield

    async def _status(self) -> str:
        return str((await readiness(self.checks))[1]["status"])

    async def _home(self, tenant_id: UUID) -> Services:
        assert self._cells is not None, "The application has not started."
        return (await self._cells.at(tenant_id)).services

    def editor(self) -> EditorPage:
        """The page for developers."""
        return EditorPage(
            title="Headwater",
            door="/auth",
            about=ABOUT,
            links=editor_links(schema=self._settings.introspection),
            tabs=editor_tabs(),
            visitors=self._visitors,
            password=PASSWORD,
        )

    async def _visitors(self) -> list[EditorVisitor]:
        """Who can sign in of the demo, where it is there; nobody in production, whatever is there."""
        from app.demo.demo import is_there, sign_ins

        if self._settings.environment == "production" or not await is_there(self.assembly.log):
            return []
        return [
            EditorVisitor(email=person.email, what=f"{person.role} of {person.company}")
            for person in sign_ins(self._settings)
        ]

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Who a request is from. Raises Unauthenticated."""
        async with self.assembly.probe.guard():
            return await self.assembly.sign_in.tokens.authenticate(headers)

    async def exported(self, caller: Caller) -> Exported:
        """Where the exports of a caller's tenant are. Raises RequestError while the tenant is not ready."""
        assert self._cells is not None, "The application has not started."
        return Exported.of((await self._cells.at(caller.tenant_id)).services)

    async def services(self, caller: Caller) -> Services:
        """The services of a caller's tenant. Raises RequestError while the tenant is not ready."""
        assert self._cells is not None, "The application has not started."
        return (await self._cells.at(caller.tenant_id)).services

    def scope(self, caller: Caller) -> Hashable:
        """Callers who may see the same, at the place where their tenant is now."""
        assert self._cells is not None, "The application has not started."
        return self._cells.place(caller.tenant_id), scope(caller)

    def changes(self, caller: Caller) -> Hashable:
        """Another value when something has changed about a caller since they were authenticated."""
        return self.assembly.sign_in.living.changes.of(caller)

    async def ask(self, caller: Caller) -> RequestContext:
        """The context of one execution, which reads the same generation of each view to its end.

        Raises RequestError while the caller's tenant is not ready.
        """
        assert self._cells is not None, "The application has not started."
        return await self._cells.held(caller.tenant_id, partial(_asked, caller))

    async def statuses(self) -> list[ViewStatus]:
        """How the views stand."""
        return await self.assembly.services.progress.statuses()

    async def standing(self) -> SystemStatus:
        """How what is beside the views stands."""
        return await standing(self.assembly.database.writer, {view.name for view in VIEWS}, KNOWN)

    async def ailments(self) -> list[str]:
        """What is wrong beside the views."""
        return (await self.standing()).ailments()

    def missing(self) -> list[str]:
        """The views that cannot be read yet."""
        return self.assembly.live.missing()

    def check(self, name: str) -> Check:
        """The check of something that helps; it raises when that is not well."""

        async def check() -> object:
            return await self.assembly.helpful[name]()

        return check


def _asked(caller: Caller, cell: Assembly) -> RequestContext:
    cell.live.pin()
    return RequestContext(
        identity=caller, services=cell.services, correlation_id=correlation.get(), trace=traceparent()
    )


def limits(settings: Settings) -> Limits:
    """What one client may ask, as the settings say."""
    return Limits(
        body_bytes=settings.max_body_bytes,
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        cost=settings.max_cost,
        introspection=settings.introspection,
        strict_permissions=settings.strict_permissions,
        subscriptions_each=settings.max_subscriptions_each,
        subscriptions_tenant=settings.max_subscriptions_tenant,
    )
