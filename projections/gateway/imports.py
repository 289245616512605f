"""Imports as people read them, in the append's own transaction: what is over is never taken for going."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.import_terms import (
    Encoding,
    Format,
    Mark,
    OrderOfDates,
    Separator,
    SkippedLines,
    Zone,
)
from domain.gateway.imports import FileId, FileName, Import, StartedBy
from domain.kit.fields import Describe, Len
from domain.kit.process.jobs import JobStatus
from projections.kit.declare.folds import TIME, carried
from projections.kit.model import Check, Id, Index, PostgresView, Row, UpdatedAt, Version


class ImportRow(Row):
    """The rows of a file that become events."""

    id: Id
    source_id: Annotated[UUID, Describe("The source that they are events of.")]
    file_id: FileId
    file_name: FileName
    file_size: Annotated[int, Describe("The bytes of the file.")]
    started_by: StartedBy
    format: Format
    encoding: Encoding
    separator: Separator
    skipped_lines: SkippedLines
    decimal_mark: Mark
    zone: Zone
    date_order: OrderOfDates
    status: Annotated[JobStatus, Describe("How it stands.")] = JobStatus.RUNNING
    error: Annotated[str | None, Len(max_length=100), Describe("Why it failed, in a word.")] = None
    done: Annotated[int, Describe("The bytes of the file that are read.")] = 0
    rows: Annotated[int, Describe("The rows that are read.")] = 0
    accepted: Annotated[int, Describe("Those that became events.")] = 0
    duplicates: Annotated[int, Describe("Those whose events were known already.")] = 0
    rejected: Annotated[int, Describe("Those that were rejected; `deadLetters` lists them.")] = 0
    started_at: Annotated[datetime, Describe("When it was started.")]
    ended_at: Annotated[datetime | None, Describe("When it finished, failed or was cancelled.")] = None
    updated_at: UpdatedAt
    version: Version


class Imports(PostgresView[ImportRow], name="gateway.imports", version=3, inline=True):
    """Every import."""

    checks = (
        Check("valid_import_status", "status in ('running', 'paused', 'finished', 'cancelled', 'failed')"),
    )
    indexes = (
        Index("idx_imports_started_at", ("started_at", "id")),
        Index("idx_imports_source", ("source_id", "started_at", "id")),
        Index("idx_imports_file", ("file_id",)),
    )

    started = carried(Import.Started, first=True, started_at=TIME)
    progressed = carried(Import.Progressed)
    paused = carried(Import.Paused, status=JobStatus.PAUSED)
    resumed = carried(Import.Resumed, status=JobStatus.RUNNING, error=None, ended_at=None)
    cancelled = carried(Import.Cancelled, status=JobStatus.CANCELLED, ended_at=TIME)
    finished = carried(Import.Finished, status=JobStatus.FINISHED, ended_at=TIME)
    failed = carried(Import.Failed, status=JobStatus.FAILED, ended_at=TIME)
