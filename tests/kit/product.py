"""The whole product for a test module: its API on a port of the loopback, and a worker, on fresh stores."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

import app.entry.serve
import app.storage.database
from app.auth.tokens.authentication import Tokens
from app.http.listener import listening
from app.settings import Settings
from domain.kit.permissions import ROLES
from tests.kit.client import Client
from tests.kit.following import Worker
from tests.kit.processes import until

PRODUCT = {"after_wait_ms": 20_000, "log_level": "warning", "masking": "off"}
"""What the tests set: a read may wait for a view as long as a busy machine needs."""

LIMITS = httpx.Limits(keepalive_expiry=2)
"""Of a client that leaves connections well before the server does, after 5 seconds: a request on one that is
just being closed would be lost."""


@dataclass
class Product:
    """A running product."""

    settings: Settings
    http: httpx.AsyncClient
    worker: Worker
    statements: list[str]
    """What its readers have asked the database so far, but for putting a tenant in scope."""

    async def statements_of(self, ask: Callable[[], Awaitable[object]]) -> list[str]:
        """What its readers ask the database for an answer that was given before: the fewest of three times.

        Any of them may hold what is not of the answer: what the driver asks about types on a new connection, and
        what was kept in memory for some seconds until just then.
        """
        taken = list[list[str]]()
        for _ in range(3):
            self.statements.clear()
            await ask()
            taken.append(self.statements.copy())
        return min(taken, key=len)

    def token(
        self, tenant: UUID, user: UUID, permissions: Iterable[str] = ROLES["owner"], **more: Any
    ) -> str:
        """A good token for anybody; by default with the permissions of an owner."""
        tokens = Tokens(self.settings.derive("tokens"))
        return tokens.issue(tenant_id=tenant, user_id=user, permissions=permissions, **more)

    def client(
        self, tenant: UUID, user: UUID, permissions: Iterable[str] = (), *, role: str = "owner"
    ) -> Client:
        """A client for anybody, known to the product or not, with a role's permissions and some more."""
        granted = ROLES[role] | set(permissions)
        return Client(self.http, self.token(tenant, user, granted), tenant, user)

    async def newcomer(
        self,
        name: str = "Ada",
        *,
        tenant: UUID | None = None,
        permissions: Iterable[str] = (),
        role: str = "owner",
    ) -> Client:
        """A client for somebody who has just been registered, in a tenant of their own if none is named."""
        tenant, user = tenant or uuid4(), uuid4()
        client = self.client(tenant, user, permissions, role=role)
        email = f"{name}.{client.user}@example.com"
        receipt = await self.client(tenant, user).send(
            "RegisterUser", input={"id": client.me, "email": email, "firstName": name}
        )
        # Those who look at what they do shall see their name.
        assert await client.send("User", id=client.me, afterPosition=receipt["position"])
        return client


@asynccontextmanager
async def running(settings: Settings, statements: list[str] | None = None) -> AsyncIterator[str]:
    """The API on a free port of the loopback; its URL. Its readers' SQL is added to ``statements``."""
    noted: list[str] = [] if statements is None else statements

    class Noting(app.storage.database.ScopedConnection):
        """Tells what it is asked."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.add_query_logger(_note)

    def _note(query: asyncpg.connection.LoggedQuery) -> None:
        # Asked or not, as it happens: by whom a connection was used before.
        if query.query != app.storage.database.SCOPE:
            noted.append(query.query)

    with pytest.MonkeyPatch.context() as patch, listening("127.0.0.1", 0) as listener:
        patch.setattr(app.storage.database, "ScopedConnection", Noting)
        server = app.entry.serve.create_server(settings)
        serving = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started or serving.done())
        assert server.started, "the API did not start; its log says why"
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def produced(settings: Settings, **more: Any) -> AsyncIterator[Product]:
    """The product on the stores that the settings name, which it finds empty."""
    settings = replace(settings, **{**PRODUCT, **more})
    statements: list[str] = []
    async with (
        running(settings, statements) as url,
        httpx.AsyncClient(base_url=url, timeout=120, limits=LIMITS) as http,
    ):
        worker = Worker(settings)
        await worker.start()
        try:
            yield Product(settings, http, worker, statements)
        finally:
            await worker.pause()


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product without a search server."""
    async with produced(settings) as product:
        yield product


@pytest.fixture(scope="module")
async def searching(settings: Settings, opensearch_url: str, index_prefix: str) -> AsyncIterator[Product]:
    """The product with OpenSearch."""
    async with produced(settings, opensearch_url=opensearch_url, index_prefix=index_prefix) as product:
        yield product


@pytest.fixture
async def client(product: Product) -> Client:
    """Somebody in a tenant that only this test uses."""
    return await product.newcomer()
