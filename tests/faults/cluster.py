"""The whole product as real processes, with a network between them that can be broken."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import asyncpg
import httpx

from app.auth.tokens.authentication import Tokens
from app.embedded import distribution
from app.embedded.folder import DataFolder, held
from app.embedded.opensearch import OpenSearch, free_port
from app.embedded.osmem import Osmem
from app.embedded.postgres import OWNER, Postgres
from app.embedded.services import SupervisedServer
from app.embedded.valkey import Valkey
from app.entry.programs import Program
from app.entry.supervisor import keep_running
from app.http.listener import listening
from app.settings import Settings, read_settings
from app.storage.migrate import migrate
from domain.kit.permissions import ROLES
from tests.faults.proxy import Proxy
from tests.kit.client import Client
from tests.kit.servers import SECRET

Say = Callable[[str], None]

_TIMEOUT = httpx.Timeout(10, read=40)
"""A silent network must look like one to a client, and a stream may be silent between two pings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running product. ``direct`` are settings that lead to the servers past the breakable network."""

    folder: DataFolder
    direct: Settings
    postgres: Postgres
    valkey: Valkey
    search: Osmem | OpenSearch
    api: Program
    workers: tuple[Program, ...]
    proxies: dict[str, Proxy]
    url: str
    """Where clients reach the API, through a proxy."""

    @property
    def servers(self) -> tuple[SupervisedServer, ...]:
        """Everything that runs, in the order in which it is started."""
        return (self.postgres, self.valkey, self.search, self.api, *self.workers)

    def client(self, http: httpx.AsyncClient, tenant: UUID, user: UUID) -> Client:
        """A client for anybody, with all rights of an operator."""
        tokens = Tokens(self.direct.derive("tokens"))
        token = tokens.issue(tenant_id=tenant, user_id=user, permissions=["ops:*", *sorted(ROLES["owner"])])
        return Client(http, token, tenant, user)

    def http(self) -> httpx.AsyncClient:
        """A connection pool of a client."""
        return httpx.AsyncClient(base_url=self.url, timeout=_TIMEOUT, trust_env=False)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection of the database's owner, past the breakable network."""
        connection = await asyncpg.connect(self.direct.database_url, timeout=30)
        try:
            yield connection
        finally:
            connection.terminate()

    @asynccontextmanager
    async def kept(self, say: Say) -> AsyncIterator[None]:
        """While the block runs, whatever dies is started again by the supervisor of ``headwater run``."""
        keeper = asyncio.create_task(keep_running(self.servers, say=say))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)


@asynccontextmanager
async def cluster(path: Path, *, search: str = "osmem", workers: int = 2) -> AsyncIterator[Cluster]:
    """The product on new servers with their data in ``path``; ``search`` is ``osmem`` or ``opensearch``."""
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(held(path))
        listener = stack.enter_context(listening("127.0.0.1", 0))
        cluster = await _made(folder, search, workers, listener)
        for proxy in cluster.proxies.values():
            await proxy.start()
            stack.push_async_callback(proxy.close)
        for server in (cluster.postgres, cluster.valkey, cluster.search):
            stack.push_async_callback(server.stop)
            server.start()
        for server in (cluster.postgres, cluster.valkey, cluster.search):
            await server.ready()
        await migrate(cluster.direct.database_url, secret=SECRET)
        for program in (cluster.api, *cluster.workers):
            stack.push_async_callback(program.stop)
            program.start()
            await program.ready()
        yield cluster


async def _made(folder: DataFolder, search: str, workers: int, listener: socket.socket) -> Cluster:
    keep = (folder.lock,)
    postgres = Postgres(
        folder.path / "postgres", sockets=folder.sockets, log=folder.log("postgres"), keep=keep
    )
    valkey = Valkey(folder.path / "valkey", sockets=folder.sockets, log=folder.log("valkey"), keep=keep)
    searching = free_port()
    port = listener.getsockname()[1]
    far = folder.sockets / "far"
    far.mkdir(mode=0o700, exist_ok=True)
    proxies = {
        "postgres": Proxy("postgres", here=far / ".s.PGSQL.5432", there=folder.sockets / ".s.PGSQL.5432"),
        "valkey": Proxy("valkey", here=far / "valkey.sock", there=folder.sockets / "valkey.sock"),
        "search": Proxy("search", here=free_port(), there=searching),
        "clients": Proxy("clients", here=free_port(), there=port),
    }
    direct = Settings(
        data_dir=folder.path,
        port=port,
        database_url=postgres.url,
        redis_url=valkey.url,
        opensearch_url=f"http://127.0.0.1:{searching}",
        secret=SECRET,
    )
    settings = replace(
        direct,
        database_url=f"postgresql://{OWNER}@/{OWNER}?host={quote(str(far), safe='')}&port=5432",
        redis_url=f"unix://{quote(str(far / 'valkey.sock'))}",
        opensearch_url=f"http://127.0.0.1:{proxies['search'].here}",
    )
    return Cluster(
        folder=folder,
        direct=direct,
        postgres=postgres,
        valkey=valkey,
        search=await _search(search, folder, searching),
        api=Program("API", "api", settings=settings, folder=folder, listener=listener),
        workers=tuple(
            Program(f"Worker-{number}", "worker", settings=settings, folder=folder)
            for number in range(1, workers + 1)
        ),
        proxies=proxies,
        url=f"http://127.0.0.1:{proxies['clients'].here}",
    )


async def _search(kind: str, folder: DataFolder, port: int) -> Osmem | OpenSearch:
    keep = (folder.lock,)
    if kind == "osmem":
        return Osmem(port=port, log=folder.log("osmem"), keep=keep)
    found = await distribution.fetch(read_settings({}).cache)
    log = folder.log("opensearch")
    return OpenSearch(folder.path / "opensearch", distribution=found, port=port, log=log, keep=keep)
