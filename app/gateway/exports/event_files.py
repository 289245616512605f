"""Writes the events of a source and a time into a file, as whoever started it may read them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.files.quotas import FilesFull, store_within
from app.gateway.exports.event_texts import TEXTS_OF, EventRecord, EventText, ParquetMissing
from app.imports.opened_files import files_reached
from domain.gateway.exports.event_export_runs import EventExportTerms, EventFiles, WrittenEvents
from domain.gateway.exports.event_exports import MOST_EVENTS
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.files import KEPT, FileStore, FileTooLarge
from domain.kit.process.jobs import JobStatus
from domain.kit.sealed import ERASED, Opening
from projections.gateway.event_exports import EventExports, written_since
from projections.gateway.events import OutsideEventRow, OutsideEvents, sent_user
from projections.governance.erasures import Erasures
from projections.identity.member_access import standing
from projections.kit.read.conditions import Condition, equals, since, until
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions

TOGETHER = 100
"""Events that are read and written at a time: their payloads may be large."""
_SHARE = 4
"""Exports may have one part in so many of the room for a tenant's files; the rest is for files that are sent."""
_SECONDS = 30.0
"""How long the view may take to fold what was accepted before."""
_LOOKS = 1.0
"""Seconds until whoever writes has heard of what it found the export to be."""
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

    async def write(self, tenant_id: UUID, terms: EventExportTerms) -> WrittenEvents | None:
        try:
            return await self._write(tenant_id, terms)
        except _Held:
            await asyncio.sleep(_LOOKS)
            return None

    async def _write(self, tenant_id: UUID, terms: EventExportTerms) -> WrittenEvents:
        await self._require_going(tenant_id, terms.export_id)
        payloads = await self._reads_payloads(tenant_id, terms.started_by)
        erased = await self._erased(tenant_id)
        if not await self._positions.wait_for(OutsideEvents.name, terms.position, _SECONDS):
            raise EffectFailed("view_behind")
        where = [
            *equals("source_id", terms.source_id),
            *since("received_at", terms.since),
            *until("received_at", terms.until),
        ]
        if await self._rows.count(OutsideEvents, tenant_id, where, most=MOST_EVENTS + 1) > MOST_EVENTS:
            raise EffectRefused("too_many_events")
        try:
            text = TEXTS_OF[terms.format]()
        except ParquetMissing:
            raise EffectRefused("parquet_missing") from None
        name, written = f"events.{terms.format}", _Written()
        pieces = self._pieces(tenant_id, terms, where, text, written, payloads=payloads, erased=erased)
        try:
            with files_reached():
                room = await self._room(tenant_id)
                stored = await store_within(
                    self._files, tenant_id, name, pieces, most=self._most, in_all=room
                )
        except FilesFull:
            raise EffectRefused("files_full") from None
        except FileTooLarge:
            raise EffectRefused("file_too_large") from None
        try:
            await self._require_unchanged(tenant_id, erased)
        except BaseException:
            # What was read may be in a file that was not there when files were removed.
            with files_reached():
                await self._files.remove(tenant_id, stored.id)
            raise
        return WrittenEvents(
            file_id=stored.id, rows=written.rows, file_size=stored.size, withheld=not payloads
        )

    async def _room(self, tenant_id: UUID) -> int:
        """How many bytes the tenant's files may have with another export: all exports have a share of them."""
        used = await self._files.used(tenant_id)
        # Files that were removed meanwhile have no part in it.
        own = min(await written_since(self._rows, tenant_id, datetime.now(UTC) - KEPT), used)
        return min(self._in_all, used + max(self._in_all // _SHARE - own, 0))

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

    async def _require_unchanged(self, tenant_id: UUID, erased: int) -> None:
        """Raise EffectFailed if more people were erased than these, or somebody is."""
        if erased != await self._erased(tenant_id):
            raise EffectFailed("erased_meanwhile")

    async def _pieces(
        self,
        tenant_id: UUID,
        terms: EventExportTerms,
        where: Sequence[Condition],
        text: EventText,
        written: "_Written",
        *,
        payloads: bool,
        erased: int,
    ) -> AsyncIterator[bytes]:
        order, place = Order("received_at"), None
        while True:
            await self._require_going(tenant_id, terms.export_id)
            page = await self._rows.page(
                OutsideEvents, tenant_id, where=where, order=order, limit=TOGETHER, after=place
            )
            sealed = [row.data for row in page.rows]
            opened = await self._opening.open(tenant_id, sealed) if payloads else [ERASED] * len(sealed)
            # One after the other, for as objects they are many times larger.
            records = (_record(row, data) for row, data in zip(page.rows, opened, strict=True))
            written.rows += len(page.rows)
            if written.rows > MOST_EVENTS:
                raise EffectRefused("too_many_events")
            if piece := await asyncio.to_thread(text.add, records):
                yield piece
            if not page.more_after:
                break
            place = RowPlace(page.rows[-1].received_at, (page.rows[-1].id,))
        if piece := await asyncio.to_thread(text.end):
            yield piece
        # Before there is a file, for a worker that is killed removes none.
        await self._require_going(tenant_id, terms.export_id)
        await self._require_unchanged(tenant_id, erased)

    async def _require_going(self, tenant_id: UUID, export_id: UUID) -> None:
        """Raise _Held for an export that was paused or cancelled; the view is never behind."""
        row = (await self._rows.get(EventExports, tenant_id, [(export_id,)])).get((export_id,))
        if row is not None and row.status is not JobStatus.RUNNING:
            raise _Held


class _Held(Exception):
    """The export was paused or cancelled."""


@dataclass(slots=True)
class _Written:
    """What is in a file so far."""

    rows: int = 0


def _record(row: OutsideEventRow, data: str) -> EventRecord:
    # JSON of any shape.
    parts = {} if data == ERASED else json.loads(data)
    return {
        "eventId": str(row.event_id),
        "eventType": row.event_type,
        "eventSource": row.event_source,
        "version": row.schema_version,
        "correlationId": row.correlation_id,
        "userId": sent_user(row),
        "sessionId": row.session_id,
        "environment": row.environment,
        "region": row.region,
        "timestamp": row.occurred_at,
        "payload": parts.get("payload"),
        "metadata": parts.get("metadata"),
    }


class NoEventFiles(EventFiles):
    """Where no views can be read, or no files."""

    async def write(self, tenant_id: UUID, terms: EventExportTerms) -> WrittenEvents | None:
        raise EffectRefused("unavailable")
