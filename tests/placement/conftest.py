"""A platform with its API and a worker, on which tenants of both kinds are made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from app.auth.tokens.authentication import Tokens
from app.composition.write_side import commanding
from app.embedded.postgres import Postgres
from app.entry.worker import everywhere
from app.placement.places import database_of, with_database
from app.placement.tenant_service import TenantService
from app.settings import Settings
from app.storage.database import Pool
from domain.kit.bus.bus import Bus
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import MoveTenant, RequestTenant
from projections.operations.tenant_placements import PlacementRequest
from tests.kit import servers
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import LIMITS, PRODUCT, running

OPERATOR = Caller(tenant_id=PLATFORM, user_id=SYSTEM)
ALL = ["*"]


@dataclass
class Platform:
    """A running platform."""

    settings: Settings
    http: httpx.AsyncClient
    tenants: TenantService
    registry: Pool
    bus: Bus
    """Of the platform's database, past the API."""
    requested: list[UUID] = field(default_factory=list)

    async def asks(self, slug: str, kind: Placement, **more: Any) -> UUID | Refusal:
        """The id of a tenant that is asked for."""
        id = uuid4()
        command = RequestTenant(
            id=id, name=slug.title(), slug=slug, region="local", placement=kind, asked_by="tests", **more
        )
        outcome = await self.tenants.ask(command, by=OPERATOR)
        return id if isinstance(outcome, AppendReceipt) else outcome

    async def tenant(self, slug: str, kind: Placement) -> UUID:
        """A tenant that is ready."""
        id = await self.asks(slug, kind)
        assert isinstance(id, UUID), id
        assert (await self.ended(id)) == PlacementRequest(status="ready")
        await self.opens(id)
        return id

    async def moves(self, id: UUID, kind: Placement) -> PlacementRequest:
        """What came of a move."""
        command = MoveTenant(id=id, placement=kind, asked_by="tests")
        outcome = await self.tenants.ask(command, by=OPERATOR)
        assert isinstance(outcome, AppendReceipt), repr(outcome)
        return await self.ended(id)

    async def ended(self, id: UUID) -> PlacementRequest:
        """How what was asked about a tenant has ended."""

        async def over() -> bool:
            progress = await self.tenants.asked(id)
            return progress is not None and progress.status not in ("provisioning", "moving")

        try:
            await until(over, seconds=180)
        except TimeoutError:
            connection = await self.database()
            rows = await connection.fetch(
                """select key, status, attempts, error from processes.ledger
                    where instance = $1 order by id""",
                str(id),
            )
            building = await connection.fetch(
                """select r.state, r.asked_at, v.view, l.phase, l.position, v.built_at
                     from ops.rebuilds r join ops.rebuild_views v on v.rebuild = r.id
                     left join ops.lanes l on l.view = v.view and l.generation = v.generation
                    where r.state in ('building', 'verifying')"""
            )
            lanes = await connection.fetch(
                """select l.view, l.generation, l.phase, l.position, l.holder from ops.lanes l
                     join ops.views v on v.view = l.view and v.live = l.generation
                    where l.position < (select max(position) from es.events) and v.store <> 'search'"""
            )
            await connection.close()
            pytest.fail(f"It stands still: {rows!r}; builds {building!r}; behind {lanes!r}")
        progress = await self.tenants.asked(id)
        assert progress is not None
        return progress

    async def opens(self, id: UUID) -> None:
        """Wait until this API serves the tenant where it is placed."""
        client = self.client(id)

        async def answers() -> bool:
            answer = await client.post("{ tenant { id } }")
            return answer.status_code == 200 and answer.json()["data"]["tenant"] is not None

        await until(answers)

    async def knows(self, client: Client) -> None:
        """Wait until this API takes the tenant's changes where it is placed now; it looks twice a second."""
        command = str(uuid4())

        async def takes() -> bool:
            answer = await client.send("CreateTask", input={"title": "there yet?"}, commandId=command)
            return "task" in answer

        await until(takes)

    def client(self, tenant: UUID) -> Client:
        """Somebody of a tenant who may do everything."""
        user = uuid4()
        tokens = Tokens(self.settings.derive("tokens"))
        token = tokens.issue(tenant_id=tenant, user_id=user, permissions=ALL)
        return Client(self.http, token, tenant, user)

    async def newcomer(self, tenant: UUID) -> Client:
        """Somebody who has just been registered in a tenant."""
        client = self.client(tenant)
        email = f"{client.user}@example.com"
        receipt = await client.send(
            "RegisterUser", input={"id": client.me, "email": email, "firstName": "Ada"}
        )
        assert await client.send("User", id=client.me, afterPosition=receipt["position"])
        return client

    async def database(self, tenant: UUID | None = None) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection to a silo's database, or to the platform's, as the owner."""
        url = self.settings.database_url
        if tenant is not None:
            url = with_database(url, silo_name(self.settings, tenant))
        return await asyncpg.connect(url)


def silo_name(settings: Settings, tenant: UUID) -> str:
    """What a silo's database is called."""
    return f"{database_of(settings.database_url)[:30]}_{tenant.hex}"


@asynccontextmanager
async def worker(settings: Settings) -> AsyncIterator[None]:
    """A worker, as `headwater worker` runs it."""
    stopping = asyncio.Event()
    task = asyncio.create_task(everywhere(settings, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def drop_silos(settings: Settings) -> None:
    """Drop the databases of silos that tests have left."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        pattern = f"{database_of(settings.database_url)}@_%"
        for row in await connection.fetch(
            "select datname from pg_database where datname like $1 escape '@'", pattern
        ):
            await connection.execute(f'drop database "{row["datname"]}" with (force)')
    finally:
        await connection.close()


@asynccontextmanager
async def platform_on(settings: Settings, *, keep: bool = False) -> AsyncIterator[Platform]:
    """A platform on the stores that the settings name; ``keep`` leaves its silos to another one."""
    settings = replace(settings, **PRODUCT)  # type: ignore[arg-type]
    try:
        async with (
            worker(settings),
            running(settings) as url,
            httpx.AsyncClient(base_url=url, timeout=120, limits=LIMITS) as http,
            commanding(settings) as (database, bus),
        ):
            yield Platform(settings, http, TenantService(settings, database, bus), database.writer, bus)
    finally:
        if not keep:
            await drop_silos(settings)


@pytest.fixture(scope="module")
async def prepared_silos(postgres: Postgres) -> AsyncIterator[None]:
    """Silos are made as fast as databases are copied. Without it they are made from nothing, as users' are."""
    async with servers.prepared_when_created(postgres):
        yield


@pytest.fixture(scope="module")
async def platform(settings: Settings, prepared_silos: None) -> AsyncIterator[Platform]:
    """A platform without a search server."""
    async with platform_on(settings) as platform:
        yield platform
