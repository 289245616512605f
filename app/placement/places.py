"""Placements: where a tenant's data lie, and the settings by which its part of the product is put together."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID

import asyncpg

from app.settings import Settings
from app.storage.database import plain_url

State = Literal["provisioning", "ready", "moving", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silo:
    """The places of a tenant that shares none with others."""

    server: str | None
    """Its Postgres, as an address without database and password; None: the platform's own server."""
    database: str
    redis_prefix: str
    index_prefix: str

    def settings(self, platform: Settings) -> Settings:
        """The settings of the platform, with this silo's places in their stead."""
        return replace(
            platform,
            database_url=with_database(self.server or platform.database_url, self.database),
            redis_prefix=self.redis_prefix,
            index_prefix=self.index_prefix,
            # One of many databases of the process, and for one tenant.
            pool_writers=min(4, platform.pool_writers),
            pool_readers=min(6, platform.pool_readers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRecord:
    """A row of the registry."""

    tenant_id: UUID
    name: str
    slug: str
    kind: str
    region: str
    state: State
    silo: Silo | None
    """Of a pooled tenant: the one that it is being moved to or from, or whose purging is still to be asked."""
    token: int
    updated_at: datetime

    @property
    def served_by(self) -> Silo | None:
        """The silo that its requests go to; None: the platform."""
        return self.silo if self.kind == "silo" else None

    @classmethod
    def of(cls, row: "asyncpg.Record") -> "PlacementRecord":
        """From the table's columns."""
        silo = None
        if row["database"] is not None:
            silo = Silo(
                server=row["server"],
                database=row["database"],
                redis_prefix=row["redis_prefix"],
                index_prefix=row["index_prefix"],
            )
        same = ("tenant_id", "name", "slug", "kind", "region", "state", "token", "updated_at")
        return cls(silo=silo, **{name: row[name] for name in same})


def silo_for(settings: Settings, tenant_id: UUID, database_url: str | None) -> Silo:
    """The places of a silo; they follow from the tenant's id, so that making them twice makes the same.

    ``database_url`` may name another server, and a database on it; a password in it is nowhere kept.
    """
    own = f"{database_of(settings.database_url)[:30]}_{tenant_id.hex}"
    server = None
    if database_url is not None:
        own = database_of(database_url) or own
        server = with_database(database_url, "")
    return Silo(
        server=server,
        database=own,
        redis_prefix=f"{settings.redis_prefix}.{tenant_id.hex}",
        index_prefix=f"{settings.index_prefix}.{tenant_id.hex}",
    )


def database_of(url: str) -> str:
    """The name of the database that an address leads to; empty when it names none."""
    return unquote(urlsplit(plain_url(url)).path.removeprefix("/"))


def with_database(url: str, database: str) -> str:
    """The address with another database."""
    parts = urlsplit(plain_url(url))
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}" if database else "", parts.query, ""))
