"""The three servers that Headwater needs, each started here or brought by the user."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from app.embedded.attachment import ANNOUNCEMENT
from app.embedded.folder import DataFolder, held
from app.embedded.postgres import Postgres
from app.embedded.process import ChildProcess
from app.embedded.search import EmbeddedSearch
from app.embedded.valkey import Valkey
from app.settings import Settings, kept_secret


class SupervisedServer(Protocol):
    """What a supervisor needs to know of a server that it keeps running."""

    @property
    def name(self) -> str: ...
    @property
    def process(self) -> ChildProcess | None: ...
    def start(self) -> None: ...
    async def ready(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServices:
    """Where the servers answer. Postgres and Valkey are ready; wait for ``search`` before insisting on it."""

    database_url: str
    redis_url: str
    opensearch_url: str
    folder: DataFolder
    servers: tuple[SupervisedServer, ...]
    search: EmbeddedSearch | None

    @property
    def search_kind(self) -> str:
        """``opensearch`` or ``osmem`` when it is ours, ``own`` when the user brought it."""
        return self.search.kind if self.search is not None else "own"

    def settings(self, settings: Settings) -> Settings:
        """``settings`` with the addresses of these servers, and with the secret of their data folder."""
        return replace(
            settings,
            secret=settings.secret or kept_secret(self.folder.path),
            data_dir=self.folder.path,
            database_url=self.database_url,
            redis_url=self.redis_url,
            opensearch_url=self.opensearch_url,
        )


@asynccontextmanager
async def embedded_services(
    settings: Settings,
    *,
    durable: bool = True,
    stores: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[EmbeddedServices]:
    """Start what ``settings`` gives no address for, in its data folder, and stop it at the end.

    Without ``stores`` only Postgres is started, and the others' addresses are left as they are. ``say`` hears one
    line at a time about search, which starts in the background. Raises EmbeddedError.
    """
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(held(settings.data_dir))
        keep = (folder.lock,)
        servers: list[SupervisedServer] = []
        search: EmbeddedSearch | None = None
        if not (opensearch_url := settings.opensearch_url) and stores:
            search = EmbeddedSearch(folder, cache=settings.cache, say=say)
            opensearch_url = search.url
            stack.push_async_callback(search.stop)
            search.start()
        if not (redis_url := settings.redis_url) and stores:
            valkey = Valkey(
                folder.path / "valkey",
                sockets=folder.sockets,
                log=folder.log("valkey"),
                durable=durable,
                keep=keep,
            )
            redis_url = valkey.url
            servers.append(valkey)
        if not (database_url := settings.database_url):
            postgres = Postgres(
                folder.path / "postgres",
                sockets=folder.sockets,
                log=folder.log("postgres"),
                durable=durable,
                keep=keep,
            )
            database_url = postgres.url
            servers.append(postgres)
        for server in servers:
            stack.push_async_callback(server.stop)
            server.start()
        for server in servers:
            await server.ready()
        services = EmbeddedServices(
            database_url=database_url,
            redis_url=redis_url,
            opensearch_url=opensearch_url,
            folder=folder,
            servers=tuple(servers),
            search=search,
        )
        if stores:
            # Who finds servers takes all three to be there.
            stack.enter_context(_announced(services))
        yield services


@contextmanager
def _announced(services: EmbeddedServices) -> Iterator[None]:
    """Leave the addresses in the data folder, so that other commands find the servers."""
    file = services.folder.path / ANNOUNCEMENT
    names = ("database_url", "redis_url", "opensearch_url")
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({name: getattr(services, name) for name in names}))
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
