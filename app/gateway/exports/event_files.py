"""Writes the events of a source and a time into a file, as whoever started it may read them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from app.files.quotas import FilesFull, store_within
from app.gateway.exports.event_texts import TEXTS_OF, EventRecord, EventText, ParquetMissing
from app.gateway.worker_intake import files_reached
from domain.gateway.exports.event_export_runs import EventExportTerms, EventFiles, WrittenEvents
from domain.gateway.exports.event_exports import MOST_EVENTS
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.files import FileStore, FileTooLarge
from domain.kit.sealed import ERASED, Opening
from projections.gateway.events import OutsideEventRow, OutsideEvents
from projections.governance.erasures import Erasures
from projections.identity.member_access import standing
from projections.kit.read.conditions import Condition, equals, since, until
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions

_TOGETHER = 1_000
_SECONDS = 30.0
"""How long the view may take to fold what was accepted before."""
_READ, _PAYLOADS = "gateway:read", "gateway:confidential"


class StoredEventFiles(EventFiles):
    """Files of the tenants of one database."""

    def __init__(
        self,
        files: FileStore,
        rows: PostgresRows,
        positions: Positions,
        opening: Opening,
        *,
        masking: bool,
        most: int,
        in_all: int,
    ) -> None:
        """Files have ``most`` bytes, and all of a tenant ``in_all``. With ``masking`` no payload is written."""
        self._files, self._rows, self._positions, self._opening = files, rows, positions, opening
        self._masking, self._most, self._in_all = masking, most, in_all

    async def write(self, tenant_id: UUID, terms: EventExportTerms) -> WrittenEvents:
        payloads = await self._reads_payloads(tenant_id, terms.started_by)
        erased = await self._erased(tenant_id)
        if not await self._positions.wait_for(OutsideEvents.name, terms.position, _SECONDS):
            raise EffectFailed("view_behind")
        where = [
            *equals("source_id", terms.source_id),
            *since("received_at", terms.since),
            *until("received_at", terms.until),
        ]
        count = await self._rows.count(OutsideEvents, tenant_id, where)
        if count > MOST_EVENTS:
            raise EffectRefused("too_many_events")
        try:
            text = TEXTS_OF[terms.format]()
        except ParquetMissing:
            raise EffectRefused("parquet_missing") from None
        name, pieces = f"events.{terms.format}", self._pieces(tenant_id, where, text, payloads=payloads)
        try:
            with files_reached():
                stored = await store_within(
                    self._files, tenant_id, name, pieces, most=self._most, in_all=self._in_all
                )
        except FilesFull:
            raise EffectRefused("files_full") from None
        except FileTooLarge:
            raise EffectRefused("file_too_large") from None
        try:
            if erased != await self._erased(tenant_id):
                raise EffectFailed("erased_meanwhile")
        except EffectFailed:
            # What was read may be in a file that was not there when files were removed.
            with files_reached():
                await self._files.remove(tenant_id, stored.id)
            raise
        return WrittenEvents(file_id=stored.id, rows=count, file_size=stored.size, withheld=not payloads)

    async def _reads_payloads(self, tenant_id: UUID, user_id: UUID) -> bool:
        """Whether whoever started it may read payloads. Raises EffectRefused if they may read no events."""
        found = await standing(self._rows, tenant_id, user_id)
        if found is None or not found.lets_in() or _READ not in found.permissions:
            raise EffectRefused("not_allowed")
        return _PAYLOADS in found.permissions and not self._masking

    async def _erased(self, tenant_id: UUID) -> int:
        """How many people of the tenant were erased. Raises EffectFailed while somebody is."""
        if await self._rows.count(Erasures, tenant_id, equals("sha256", "")):
            raise EffectFailed("erasure_under_way")
        return await self._rows.count(Erasures, tenant_id)

    async def _pieces(
        self, tenant_id: UUID, where: Sequence[Condition], text: EventText, *, payloads: bool
    ) -> AsyncIterator[bytes]:
        order, place = Order("received_at"), None
        while True:
            page = await self._rows.page(
                OutsideEvents, tenant_id, where=where, order=order, limit=_TOGETHER, after=place
            )
            sealed = [row.data for row in page.rows]
            opened = await self._opening.open(tenant_id, sealed) if payloads else [ERASED] * len(sealed)
            records = [_record(row, data) for row, data in zip(page.rows, opened, strict=True)]
            if piece := await asyncio.to_thread(text.add, records):
                yield piece
            if not page.more_after:
                break
            place = RowPlace(page.rows[-1].received_at, (page.rows[-1].id,))
        if piece := await asyncio.to_thread(text.end):
            yield piece


def _record(row: OutsideEventRow, data: str) -> EventRecord:
    # JSON of any shape.
    parts = {} if data == ERASED else json.loads(data)
    return {
        "eventId": str(row.event_id),
        "eventType": row.event_type,
        "eventSource": row.event_source,
        "version": row.schema_version,
        "correlationId": row.correlation_id,
        "userId": row.user_id,
        "sessionId": row.session_id,
        "environment": row.environment,
        "region": row.region,
        "timestamp": row.occurred_at,
        "payload": parts.get("payload"),
        "metadata": parts.get("metadata"),
    }


class NoEventFiles(EventFiles):
    """Where no views can be read, or no files."""

    async def write(self, tenant_id: UUID, terms: EventExportTerms) -> WrittenEvents:
        raise EffectRefused("unavailable")
