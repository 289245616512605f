"""Exports of events as people read them, in the append's own transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.exports.event_exports import Before, EventExport, From, Written
from domain.kit.fields import Confidential, Describe
from projections.kit.declare.folds import TIME, carried
from projections.kit.model import HAS_STATUS, Check, Index, JobRow, PostgresView, directed
from projections.kit.read.postgres_reader import PostgresRows


class EventExportRow(JobRow):
    """Events of a source and a time that are written into a file."""

    source_id: Annotated[UUID, Describe("The source that sent them.")]
    since: From
    until: Before
    format: Written
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


class EventExports(PostgresView[EventExportRow], name="gateway.event_exports", version=2, inline=True):
    """Every export of events."""

    checks = (
        Check("valid_event_export_status", HAS_STATUS),
        Check("valid_event_export_format", "format in ('csv', 'ndjson', 'parquet')"),
    )
    indexes = (Index("idx_event_exports_started_at", ("started_at", "id")),)

    started = carried(EventExport.Started, first=True, started_at=TIME)
    paused, resumed, cancelled, finished, failed = directed(EventExport)


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
