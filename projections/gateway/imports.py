"""Imports as people read them, in the append's own transaction: what is over is never taken for going."""

from typing import Annotated
from uuid import UUID

from domain.gateway.imports import FileId, FileName, Import
from domain.kit.fields import Describe
from domain.kit.imports.file_forms import Encoding, Format, Mark, OrderOfDates, Separator, SkippedLines, Zone
from projections.kit.declare.folds import TIME, carried
from projections.kit.model import HAS_STATUS, Check, Index, JobRow, PostgresView, directed


class ImportRow(JobRow):
    """The rows of a file that become events."""

    source_id: Annotated[UUID, Describe("The source that they are events of.")]
    file_id: FileId
    file_name: FileName
    file_size: Annotated[int, Describe("The bytes of the file.")]
    format: Format
    encoding: Encoding
    separator: Separator
    skipped_lines: SkippedLines
    decimal_mark: Mark
    zone: Zone
    date_order: OrderOfDates
    done: Annotated[int, Describe("The bytes of the file that are read.")] = 0
    rows: Annotated[int, Describe("The rows that are read.")] = 0
    accepted: Annotated[int, Describe("Those that became events.")] = 0
    duplicates: Annotated[int, Describe("Those whose events were known already.")] = 0
    rejected: Annotated[int, Describe("Those that were rejected; `deadLetters` lists them.")] = 0


class Imports(PostgresView[ImportRow], name="gateway.imports", version=3, inline=True):
    """Every import."""

    checks = (Check("valid_import_status", HAS_STATUS),)
    indexes = (
        Index("idx_imports_started_at", ("started_at", "id")),
        Index("idx_imports_source", ("source_id", "started_at", "id")),
        Index("idx_imports_file", ("file_id",)),
    )

    started = carried(Import.Started, first=True, started_at=TIME)
    progressed = carried(Import.Progressed)
    paused, resumed, cancelled, finished, failed = directed(Import)
