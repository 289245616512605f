"""How a source and its key stand at this moment, read from tables that are never behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.gateway.sources import SourceKeyRow, SourceKeys, SourceRow, Sources
from projections.kit.model import PostgresView
from projections.kit.read.postgres_reader import PostgresRows

_VIEWS: Mapping[str, type[PostgresView[Any]]] = {"sources": Sources, "source_keys": SourceKeys}

_KEY = """
select k.id as key_id, k.source_id, k.secret_hash, k.expires_at, k.revoked_at is not null as revoked
  from {source_keys} k
 where k.tenant_id = $1 and k.id = $2
"""
_SOURCE = """
select row_to_json(s) as source, row_to_json(k) as key
  from {sources} s left join {source_keys} k on k.tenant_id = $1 and k.id = $3
 where s.tenant_id = $1 and s.id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKeyAccess:
    """How the key of a source stands."""

    key_id: UUID
    source_id: UUID
    secret_hash: str
    """The SHA-256 of the whole key, in hexadecimal digits; compare it in constant time."""
    expires_at: datetime | None
    revoked: bool


async def source_key_standing(rows: PostgresRows, tenant_id: UUID, key_id: UUID) -> SourceKeyAccess | None:
    """How a source's key stands; None when the tenant has none of this id."""
    found = await rows.select(_VIEWS, tenant_id, _KEY, key_id, shape=SourceKeyAccess)
    return found[0] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccess:
    """A source, and the key that was asked for with it."""

    source: SourceRow
    key: SourceKeyRow | None


async def source_standing(
    rows: PostgresRows, tenant_id: UUID, source_id: UUID, key_id: UUID | None
) -> SourceAccess | None:
    """How a source and a key stand; None when the tenant has no source of this id."""
    found = await rows.select(_VIEWS, tenant_id, _SOURCE, source_id, key_id, shape=SourceAccess)
    return found[0] if found else None
