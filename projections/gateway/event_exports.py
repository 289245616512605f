"""Exports of events as people read them, in the append's own transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.exports.event_exports import Before, EventExport, From, StartedBy, Written
from domain.kit.fields import Confidential, Describe, Len
from domain.kit.process.jobs import JobStatus
from projections.kit.declare.folds import TIME, carried
from projections.kit.model import Check, Id, Index, PostgresView, Row, UpdatedAt, Version
from projections.kit.read.postgres_reader import PostgresRows


class EventExportRow(Row):
    """Events of a source and a time that are written into a file."""

    id: Id
    source_id: Annotated[UUID, Describe("The source that sent them.")]
    since: From
    until: Before
    format: Written
    started_by: StartedBy
    status: Annotated[JobStatus, Describe("How it stands.")] = JobStatus.RUNNING
    error: Annotated[str | None, Len(max_length=100), Describe("Why it came to nothing, in a word.")] = None
    file_id: Annotated[
        UUID | None,
        Confidential(),
        Describe("The file, by whose id it can be read; null before it is written."),
    ] = None
    file_size: Annotated[int | None, Describe("The bytes of the file; null before it is written.")] = None
    rows: Annotated[int | None, Describe("The events in the file; null before it is written.")] = None
    withheld: Annotated[
        bool | None,
        Describe(
            "Whether the payloads are left out, as whoever started it may not read them, or they are masked here; "
            "null before it is written."
        ),
    ] = None
    started_at: Annotated[datetime, Describe("When it was started.")]
    ended_at: Annotated[datetime | None, Describe("When it finished or failed.")] = None
    updated_at: UpdatedAt
    version: Version


class EventExports(PostgresView[EventExportRow], name="gateway.event_exports", version=2, inline=True):
    """Every export of events."""

    checks = (
        Check(
            "valid_event_export_status", "status in ('running', 'paused', 'finished', 'cancelled', 'failed')"
        ),
        Check("valid_event_export_format", "format in ('csv', 'ndjson', 'parquet')"),
    )
    indexes = (Index("idx_event_exports_started_at", ("started_at", "id")),)

    started = carried(EventExport.Started, first=True, started_at=TIME)
    finished = carried(EventExport.Finished, status=JobStatus.FINISHED, ended_at=TIME)
    failed = carried(EventExport.Failed, status=JobStatus.FAILED, ended_at=TIME)


_SIZES = """
select coalesce(sum(file_size), 0)::bigint as size
  from (select distinct file_id, file_size from {exports} where tenant_id = $1 and ended_at >= $2) files
"""


@dataclass(frozen=True, slots=True)
class _Sizes:
    size: int


async def written_since(rows: PostgresRows, tenant_id: UUID, at: datetime) -> int:
    """The bytes of the files that exports of a tenant have written since a moment."""
    [found] = await rows.select({"exports": EventExports}, tenant_id, _SIZES, at, shape=_Sizes)
    return found.size
