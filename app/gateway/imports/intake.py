"""Takes in the rows of files: some hundred at a time, read in a thread, by the door of all events."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.gateway.imports.row_events import RowMapping
from app.gateway.ingestion import Ingestion
from app.gateway.worker_intake import TOGETHER, taken, was_stored
from app.imports.file_rows import BlankStretch, FilePlace, FileUnreadable
from app.imports.opened_files import files_reached, opened
from app.imports.rows import rows
from domain.gateway.import_runs import ImportRows
from domain.gateway.import_terms import ImportTerms
from domain.gateway.outcomes import EventAnswer, EventStatus, ReceivedEvent
from domain.gateway.sources import INGEST
from domain.kit.caller import Caller
from domain.kit.imports.file_forms import FileFormat
from domain.kit.log import Log
from domain.kit.process.effects import EffectRefused
from domain.kit.process.files import FileDamaged, FileStore, OpenFile
from domain.kit.process.jobs import Part

_MOST = (TOGETHER, 1024 * 1024)
"""Rows and characters of a part: as values these may take fifty times as much."""
_MOST_OF_PARQUET = (10 * TOGETHER, 4 * 1024 * 1024)
"""Where a group of rows is read from its beginning each time."""

_COUNTED = {
    "accepted": EventStatus.ACCEPTED,
    "duplicates": EventStatus.DUPLICATE,
    "rejected": EventStatus.REJECTED,
}


class FileIntake(ImportRows):
    """The rows of the files of one database's tenants."""

    def __init__(self, files: FileStore, intake: Ingestion, log: Log) -> None:
        self._files, self._intake, self._log = files, intake, log

    async def take(
        self, tenant_id: UUID, terms: ImportTerms, progress: Mapping[str, int], *, at: datetime, again: bool
    ) -> Part:
        by = _starter(tenant_id, terms)
        file = await opened(self._files, tenant_id, terms.file_id)
        try:
            with files_reached():
                read = await asyncio.to_thread(read_part, file, terms, _place(progress))
        except FileUnreadable:
            raise EffectRefused("file_unreadable") from None
        events = read.events
        answers = await taken(self._intake, by, terms.source_id, events, received_at=at)
        statuses = [
            await self._status(tenant_id, event, answer, again=again)
            for event, answer in zip(events, answers, strict=True)
        ]
        after, over = read.after, read.over
        counts = {name: progress.get(name, 0) + statuses.count(status) for name, status in _COUNTED.items()}
        return Part(
            {
                "offset": after.offset,
                "line": after.line,
                "rows": after.row,
                "done": file.stored.size if over else min(after.offset, file.stored.size),
                **counts,
            },
            over=over,
        )

    async def _status(
        self, tenant_id: UUID, event: ReceivedEvent, answer: EventAnswer, *, again: bool
    ) -> EventStatus:
        """What became of a row. What a try that was cut off has stored is known by now, but was accepted then."""
        if not again or answer.status is not EventStatus.DUPLICATE:
            return answer.status
        ours = await was_stored(self._log, tenant_id, answer.position, event.origin)
        return EventStatus.ACCEPTED if ours else answer.status


class NoRows(ImportRows):
    """Where no files can be read."""

    async def take(
        self, tenant_id: UUID, terms: ImportTerms, progress: Mapping[str, int], *, at: datetime, again: bool
    ) -> Part:
        raise EffectRefused("unavailable")


@dataclass(frozen=True, slots=True)
class ReadPart:
    """The rows of a part, as events."""

    events: list[ReceivedEvent]
    after: FilePlace
    over: bool
    """Whether they are the last."""


def read_part(file: OpenFile, terms: ImportTerms, place: FilePlace) -> ReadPart:
    """The rows of the next part: those before what cannot be read, if there are any. Raises FileUnreadable and as
    `OpenFile.reader`."""
    mapping = RowMapping(terms)
    events: list[ReceivedEvent] = []
    size = 0
    most, largest = _MOST_OF_PARQUET if terms.form.format is FileFormat.PARQUET else _MOST
    try:
        with file.reader() as reader:
            for row in rows(reader, terms.form, place):
                event = mapping.event(row)
                events.append(event)
                place = row.after
                size += max(len(row.text), len(event.text or ""))
                if len(events) == most or size > largest:
                    return ReadPart(events, place, over=False)
    except BlankStretch as blank:
        return ReadPart(events, blank.after, over=False)
    except (FileUnreadable, FileDamaged):
        if not events:
            raise
        # The next part finds it again, with nothing before it.
        return ReadPart(events, place, over=False)
    return ReadPart(events, place, over=True)


def _starter(tenant_id: UUID, terms: ImportTerms) -> Caller:
    """Who has the rows taken in: whoever started it, or the source by the key that it showed then."""
    return Caller(
        tenant_id=tenant_id,
        user_id=terms.started_by,
        permissions=frozenset({INGEST}),
        kind="person" if terms.key_id is None else "key",
        key_id=terms.key_id,
    )


def _place(progress: Mapping[str, int]) -> FilePlace:
    return FilePlace(progress.get("offset", 0), progress.get("line", 0), progress.get("rows", 0))
