"""Runs of imports: some rows at a time are read and taken in, exactly once over kills."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.import_terms import ImportTerms
from domain.gateway.imports import FailImport, FinishImport, Import, NoteImportProgress, terms_of
from domain.kit.commands import Command
from domain.kit.process.effects import Call, Then
from domain.kit.process.jobs import JobRun, JobState, Part
from domain.kit.process.process import on

State = JobState[ImportTerms]


class ImportRows(Protocol):
    """Takes in the rows of files."""

    async def take(
        self, tenant_id: UUID, terms: ImportTerms, progress: Mapping[str, int], *, at: datetime, again: bool
    ) -> Part:
        """Take in the rows that follow, as received at that moment, and answer how far it is. ``again``: they
        may have been taken in before, by a try that was cut off; what it did is counted as this one's. Raises
        EffectRefused where the file, the source or the tenant do not let it go on."""
        ...


class ImportRun(JobRun[ImportTerms], of=Import, name="gateway.import", version=1):
    """Take in the rows of a file."""

    def __init__(self, rows: ImportRows) -> None:
        self._rows = rows

    @on(Import.Started)
    def started(self, state: State | None, event: Import.Started) -> Then[State]:
        return self.begin(terms_of(event.originator_id, event), event.timestamp)

    async def part(self, terms: ImportTerms, call: Call[State], at: datetime) -> Part:
        assert call.state is not None
        return await self._rows.take(
            call.tenant_id,
            terms,
            call.state.progress,
            at=at,
            again=call.attempt > 1 or call.state.again,
        )

    def told(self, state: State) -> Command:
        counts = {
            name: state.progress.get(name, 0)
            for name in ("done", "rows", "accepted", "duplicates", "rejected")
        }
        return NoteImportProgress(id=state.terms.import_id, **counts)

    def finished(self, state: State) -> Command:
        return FinishImport(id=state.terms.import_id)

    def failed(self, state: State, error: str) -> Command:
        return FailImport(id=state.terms.import_id, error=error[:100])
