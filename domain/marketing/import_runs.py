"""Runs of imports: some rows at a time are read and recorded, exactly once over kills."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kit.commands import Command
from domain.kit.imports.file_forms import FileForm
from domain.kit.process.effects import Call, Then
from domain.kit.process.jobs import JobRun, JobState, Part
from domain.kit.process.process import on
from domain.marketing.imports import (
    FailMarketingImport,
    FigureColumn,
    FinishMarketingImport,
    MarketingImport,
    NoteMarketingImport,
)

COUNTS = ("done", "rows", "taken", "repeated", "refused", "warned", "totals")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTerms:
    """An import as it was asked for."""

    import_id: UUID
    account_id: UUID
    file_id: UUID
    started_by: UUID
    started_at: datetime
    form: FileForm
    columns: tuple[FigureColumn, ...]


State = JobState[ReportTerms]


class ReportRows(Protocol):
    """Records the rows of reports."""

    async def take(self, tenant_id: UUID, terms: ReportTerms, progress: Mapping[str, int]) -> Part:
        """Record the rows that follow, and answer how far it is. What a try that was cut off has recorded is
        counted as this one's. Raises EffectRefused where the file or the account do not let it go on."""
        ...


class MarketingImportRun(JobRun[ReportTerms], of=MarketingImport, name="marketing.import", version=1):
    """Record the rows of a report."""

    def __init__(self, rows: ReportRows) -> None:
        self._rows = rows

    @on(MarketingImport.Started)
    def started(self, state: State | None, event: MarketingImport.Started) -> Then[State]:
        form = FileForm(
            format=event.format,
            encoding=event.encoding,
            separator=event.separator,
            skipped_lines=event.skipped_lines,
            decimal_mark=event.decimal_mark,
            date_order=event.date_order,
        )
        terms = ReportTerms(
            import_id=event.originator_id,
            account_id=event.account_id,
            file_id=event.file_id,
            started_by=event.started_by,
            started_at=event.timestamp,
            form=form,
            columns=event.columns,
        )
        return self.begin(terms, event.timestamp)

    async def part(self, terms: ReportTerms, call: Call[State], at: datetime) -> Part:
        assert call.state is not None
        return await self._rows.take(call.tenant_id, terms, call.state.progress)

    def told(self, state: State) -> Command:
        counts = {name: state.progress.get(name, 0) for name in COUNTS}
        return NoteMarketingImport(id=state.terms.import_id, **counts)

    def finished(self, state: State) -> Command:
        return FinishMarketingImport(id=state.terms.import_id)

    def failed(self, state: State, error: str) -> Command:
        return FailMarketingImport(id=state.terms.import_id, error=error[:100])
