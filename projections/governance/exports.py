"""Exports as they stand: how far the file is, and until when it can be fetched."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.governance.exports import Export
from domain.kit.fields import Describe, Len
from projections.kit.declare.folds import TIME, carried, on
from projections.kit.model import Index, PostgresView, Row, replace


class ExportState(StrEnum):
    """The state of an export: `EXPIRED` when its file is gone, `ERASED` when its person was erased."""

    RUNNING = "running"
    FINISHED = "finished"
    """The file can be fetched."""
    FAILED = "failed"
    EXPIRED = "expired"
    """The file is gone; another export can be started."""
    ERASED = "erased"
    """The user was erased, and the file with them."""


class ExportRow(Row):
    """A file with all that is kept about a person."""

    id: Annotated[UUID, Describe("The export's id; the file is at `/exports/{id}`.")]
    subject_id: Annotated[UUID, Describe("The user whose data it is.")]
    requested_by: Annotated[UUID, Describe("Who requested it.")]
    requested_at: Annotated[datetime, Describe("When it was requested.")]
    state: Annotated[ExportState, Describe("The export's state.")]
    part: Annotated[str, Len(max_length=100), Describe("The part that was written last; null before.")]
    done: Annotated[int, Describe("The number of parts written so far.")]
    parts: Annotated[int, Describe("The number of parts; 0 while unknown.")]
    records: Annotated[int, Describe("The number of records written so far.")]
    size: Annotated[int, Describe("The file's size in bytes; 0 until it is finished.")]
    sha256: Annotated[
        str, Len(max_length=64), Describe("The file's SHA-256 hash; null until it is finished.")
    ]
    finished_at: Annotated[datetime | None, Describe("When it was finished.")]
    expires_at: Annotated[datetime | None, Describe("Until when it can be downloaded.")]
    error: Annotated[str, Len(max_length=200), Describe("Why it failed, if it did.")]


class Exports(PostgresView[ExportRow], name="governance.exports", version=2, inline=True):
    """Every export of the tenant."""

    indexes = (
        Index("idx_exports_subject", ("subject_id", "requested_at desc")),
        Index("idx_exports_running", ("id",), where="state = 'running'"),
    )

    requested = carried(
        Export.Requested,
        first=True,
        requested_at=TIME,
        state=ExportState.RUNNING,
        part="",
        done=0,
        parts=0,
        records=0,
        size=0,
        sha256="",
        finished_at=None,
        expires_at=None,
        error="",
    )

    @on(Export.PartWritten)
    def part_written(self, row: ExportRow, event: Export.PartWritten) -> ExportRow:
        return replace(
            row,
            part=event.part,
            done=event.done,
            parts=event.parts,
            records=row.records + event.records,
        )

    finished = carried(Export.Finished, state=ExportState.FINISHED, finished_at=TIME)

    @on(Export.Failed)
    def failed(self, row: ExportRow, event: Export.Failed) -> ExportRow:
        return replace(row, state=ExportState.FAILED, error=event.error[:200])

    expired = carried(Export.Expired, state=ExportState.EXPIRED)

    erased = carried(Export.Erased, state=ExportState.ERASED)
