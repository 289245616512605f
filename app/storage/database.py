"""Who connects to Postgres, as which role, and how connections are shared."""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

import asyncpg

from app.storage.news import News
from projections.kit.connections import CONNECTION_FAILED
from projections.kit.read.shares import Shares

_logger = logging.getLogger(__name__)

READER = "headwater_reader"
"""Sees the rows of the tenant in scope and changes nothing."""
WRITER = "headwater_writer"
"""Appends and folds; sees all tenants. Owns nothing, so it is bound by grants and triggers like anyone."""

# Quoted, for asyncpg's classes take parameters only in its stubs.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Lent: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection that belongs to a pool; it has every method of a connection."""
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SETTINGS = {"application_name": "headwater", "timezone": "UTC", "jit": "off"}
SERVING = {"statement_timeout": "10s"}
"""What no statement of a reader may exceed that a client asked for, so that a costly question does not keep a
connection from the others. Workers, which go through all rows of a tenant, have no such limit."""


def role_password(secret: str, role: str) -> str:
    """The password of a role, derived so that one secret is enough to configure."""
    return hmac.new(secret.encode(), f"headwater.postgres.{role}".encode(), hashlib.sha256).hexdigest()


def role_url(owner_url: str, role: str, secret: str) -> str:
    """The owner's URL with the role and its password in place of the owner's."""
    parts = urlsplit(plain_url(owner_url))
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in ("user", "password")]
    place = parts.netloc.rpartition("@")[2]
    role_at_host = f"{role}:{role_password(secret, role)}@{place}"
    return urlunsplit((parts.scheme, role_at_host, parts.path, urlencode(query, quote_via=quote), ""))


def plain_url(url: str) -> str:
    """The URL without the driver's name that SQLAlchemy's URLs carry."""
    scheme, separator, rest = url.partition("://")
    return scheme.partition("+")[0] + separator + rest


SCOPE = "select set_config('headwater.tenant', coalesce(placement.here($1)::text, ''), false)"
"""No tenant is in scope for one that was moved away from this database."""


_GIVING_BACK = 2.0


class BoundedPool(asyncpg.Pool):
    """Takes connections back in bounded time.

    One whose statement was cut off is busy until the server has heard of it. The driver waits for that as long as
    it takes, and with it whoever gives the connection back: for ever where the server hangs.
    """

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Take a connection back, or throw it away when the server does not let go of it.

        That it is thrown away is no failure of whoever used it: told so, they would take what they did for
        undone, and who was cancelled would not hear of it.
        """
        try:
            await super().release(connection, timeout=_GIVING_BACK if timeout is None else timeout)
        except CONNECTION_FAILED:
            _logger.debug("A connection was thrown away.", exc_info=True)


class ScopedConnection(asyncpg.Connection):
    """A reader's connection that knows which tenant the server has in scope for it."""

    _tenant: UUID | None = None

    async def scope(self, tenant_id: UUID) -> None:
        """Put a tenant in scope; costs nothing when the connection stands there already."""
        if self._tenant == tenant_id:
            return
        # Forgotten first: when the statement is cancelled half-way nobody knows which scope is set.
        self._tenant = None
        await self.execute(SCOPE, tenant_id)
        self._tenant = tenant_id


class Database:
    """The pools of one process. The owner's rights are used only through ``owner``, for DDL."""

    def __init__(
        self, owner_url: str, *, secret: str, writer: Pool, reader: Pool, share: int | None = None
    ) -> None:
        self._owner_url = plain_url(owner_url)
        self._writer_url = role_url(owner_url, WRITER, secret)
        self.writer = writer
        self._reader = reader
        self._shares = Shares(share or reader.get_max_size())
        self.news = News(self.connect)

    @classmethod
    async def open(
        cls,
        owner_url: str,
        *,
        secret: str,
        writers: int = 8,
        readers: int = 16,
        share: int | None = None,
        serving: bool = False,
    ) -> "Database":
        """Connect both pools; ``writers`` and ``readers`` bound their connections, and ``share`` those of the
        readers that one tenant may hold at a time: three quarters of them unless told otherwise. ``serving``:
        readers answer clients, and their statements are cut off after some seconds."""
        writer = await _pool(role_url(owner_url, WRITER, secret), asyncpg.Connection, writers)
        try:
            reader = await _pool(
                role_url(owner_url, READER, secret), ScopedConnection, readers, SERVING if serving else {}
            )
        except BaseException:
            writer.terminate()
            raise
        share = share or max(1, readers * 3 // 4)
        return cls(owner_url, secret=secret, writer=writer, reader=reader, share=share)

    @asynccontextmanager
    async def reading(self, tenant_id: UUID) -> AsyncIterator[Connection]:
        """A connection that sees one tenant's rows and no others; use it only inside the block.

        There is no way to a reader's connection but this one, so none is used under the scope that
        somebody else left behind. Of a tenant that holds its share of them already, the next reader waits until
        it gives one back, and not until all the others have been served.
        """
        async with self._shares.of(tenant_id), self._reader.acquire() as connection:
            await connection.scope(tenant_id)  # type: ignore[attr-defined]  # The proxy passes it on.
            # A lent connection has every method of one's own, which the driver's types do not say.
            yield cast(Connection, connection)

    async def connect(self, **settings: str) -> Connection:
        """A connection of the writer's outside the pool, for those who keep one: appender, followers."""
        return await asyncpg.connect(
            self._writer_url,
            server_settings=SETTINGS | settings,
            timeout=10,
            # Those of several views together are long, and made again and again.
            max_cacheable_statement_size=0,
        )

    async def pool(self, size: int, settings: dict[str, str]) -> Pool:
        """More connections of the writer's with settings of their own, for those who fold. Close it."""

        async def connect(*_: object, **__: object) -> Connection:
            return await self.connect(**settings)

        pool = BoundedPool(
            min_size=1,
            max_size=size,
            max_queries=2**31,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            connect=connect,
            reset=_keep,
        )
        return await pool

    async def owner(self) -> Connection:
        """A connection with the owner's rights, for the tables that views own."""
        return await asyncpg.connect(self._owner_url, server_settings=SETTINGS, timeout=10)

    async def close(self, *, seconds: float = 5) -> None:
        """Close both pools; connections still in use after ``seconds`` are cut."""
        await self.news.close()
        await asyncio.gather(_close(self.writer, seconds), _close(self._reader, seconds))


_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.TooManyConnectionsError,
)
"""How a server looks that is not there yet; a wrong password or a missing database is for a person to repair."""


async def until_there(owner_url: str, secret: str) -> None:
    """Wait until Postgres takes connections, and say so: whoever needs it cannot start before."""
    url, waits = role_url(owner_url, WRITER, secret), 0
    while True:
        try:
            connection = await asyncpg.connect(url, server_settings=SETTINGS, timeout=10)
        except _AWAY as error:
            if waits % 60 == 0:
                _logger.warning("Postgres does not answer (%s); waiting for it.", type(error).__name__)
            waits += 1
            await asyncio.sleep(1)
        else:
            await connection.close()
            return


async def _pool(
    url: str,
    connection_class: "type[asyncpg.Connection[asyncpg.Record]]",
    size: int,
    settings: dict[str, str] | None = None,
) -> Pool:
    pool = BoundedPool(
        url,
        min_size=1,
        max_size=size,
        max_queries=2**31,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=connection_class,
        record_class=asyncpg.Record,
        reset=_keep,
        server_settings=SETTINGS | (settings or {}),
        timeout=10,
    )
    return await pool


async def _keep(connection: Connection) -> None:
    """Give a connection back as it is; asyncpg has rolled back an open transaction before this.

    Its own reset query would cost a quarter of the throughput. What it undoes is therefore not done
    on pooled connections: session settings but the tenant's scope, session locks, LISTEN.
    """


async def _close(pool: Pool, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await pool.close()
    except TimeoutError:
        pool.terminate()
