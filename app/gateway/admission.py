"""Which source sends, and whether anything is taken from it: looked up in tables that are never behind."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cachetools import TTLCache

from domain.gateway.outcomes import SourceNotNamed
from domain.gateway.sources import INGEST, SourceInactive
from domain.kit.caller import Caller
from domain.kit.refusals import Forbidden, NotFound
from projections.gateway.source_access import source_standing
from projections.gateway.sources import SourceRow
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.shared_reads import SharedReads

_SECONDS = 2.0
_CAPACITY = 10_000
_Key = tuple[UUID, UUID, UUID | None]
"""A tenant, a source, and the key that is shown for it."""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source that may send, and which types of events."""

    row: SourceRow
    scopes: tuple[str, ...]
    key_id: UUID | None

    def allows(self, event_type: str) -> bool:
        """Whether its key may send events of this type."""
        return not self.scopes or any(
            event_type == scope or event_type.startswith(f"{scope}.") for scope in self.scopes
        )


class SourceAdmission:
    """Finds sources, which are read for each request, once for all who ask at a time: what is changed of one
    counts from its receipt on."""

    def __init__(self, rows: PostgresRows) -> None:
        self._rows = rows
        self._known: TTLCache[_Key, KnownSource] = TTLCache(_CAPACITY, _SECONDS, timer=time.monotonic)
        self._reads = SharedReads(self._find)

    async def known(self, by: Caller, source_id: UUID | None) -> KnownSource:
        """The source that a caller will send for, as it was two seconds ago or later; what refuses is read each
        time. Raises as `source` does."""
        return self._known.get(_key(by, source_id)) or await self.source(by, source_id)

    async def source(self, by: Caller, source_id: UUID | None) -> KnownSource:
        """The source that a caller sends for. Raises Forbidden, SourceNotNamed, NotFound or SourceInactive."""
        key = _key(by, source_id)
        found = self._known[key] = await self._reads.get(key)
        return found

    async def _find(self, key: _Key) -> KnownSource:
        found = await source_standing(self._rows, *key)
        if found is None:
            raise NotFound(field="source_id", what="source")
        if not found.source.active:
            raise SourceInactive(field="source_id")
        _, _, key_id = key
        if key_id is None:
            return KnownSource(found.source, (), None)
        if (shown := found.key) is None or shown.revoked_at is not None or _is_over(shown.expires_at):
            raise Forbidden(permission=INGEST)
        return KnownSource(found.source, shown.scopes, key_id)


def _key(by: Caller, source_id: UUID | None) -> _Key:
    if not by.may(INGEST):
        raise Forbidden(permission=INGEST)
    own = by.user_id if by.key_id is not None else None
    if own is not None and source_id not in (None, own):
        raise NotFound(field="source_id", what="source")
    if (id := own or source_id) is None:
        raise SourceNotNamed(field="source_id")
    return by.tenant_id, id, by.key_id


def _is_over(until: datetime | None) -> bool:
    return until is not None and until <= datetime.now(UTC)
