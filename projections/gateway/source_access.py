"""How the key of a source stands at this moment, read from tables that are never behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.gateway.sources import SourceKeys
from projections.kit.model import PostgresView
from projections.kit.read.postgres_reader import PostgresRows

_VIEWS: Mapping[str, type[PostgresView[Any]]] = {"source_keys": SourceKeys}

_KEY = """
select k.id as key_id, k.source_id, k.secret_hash, k.expires_at, k.revoked_at is not null as revoked
  from {source_keys} k
 where k.tenant_id = $1 and k.id = $2
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
