"""What runs an import: when it does the next part, when it tells how far it is, and when it stands still."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.gateway.imports.intake import NoRows
from domain.gateway.import_runs import ImportRun
from domain.gateway.import_terms import ImportTerms
from domain.gateway.imports import (
    CancelImport,
    FailImport,
    FinishImport,
    Import,
    NoteImportProgress,
    PauseImport,
    ResumeImport,
)
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.imports.file_forms import DecimalMark, FileEncoding, FileFormat
from domain.kit.process.effects import Call
from domain.kit.process.jobs import SPOKEN, JobIsOver, JobNotHeld, JobNotRunning, Part
from domain.kit.process.process_scenario import ProcessScenario, rehearse
from domain.kit.refusals import NotFound, Refusal
from domain.kit.scenario import NOON, given

ID = UUID(int=1)
STARTED = Import.Started(
    source_id=UUID(int=2),
    file_id=UUID(int=3),
    file_name="orders.csv",
    file_size=100,
    started_by=UUID(int=4),
    format=FileFormat.NDJSON,
    encoding=FileEncoding.UTF_8,
    separator=",",
    skipped_lines=0,
    decimal_mark=DecimalMark.POINT,
    zone=None,
    fields=(),
)
PROGRESS = {"offset": 50, "line": 5, "done": 50, "rows": 5, "accepted": 3, "duplicates": 1, "rejected": 1}
TOLD = NoteImportProgress(id=ID, done=50, rows=5, accepted=3, duplicates=1, rejected=1)
run = ImportRun(NoRows())
WORK = run.Work(at=NOON)


def going() -> ProcessScenario[Any]:
    """An import whose first part is under way."""
    return rehearse(run, id=ID).happens(STARTED).decides(WORK)


def worked(scenario: ProcessScenario[Any]) -> ProcessScenario[Any]:
    """The part that was under way before something else happened is done."""
    scenario.decided = [WORK]
    return scenario.done(part())


def part(*, over: bool = False) -> dict[str, Any]:
    """What a part that was done answers."""
    return {"progress": PROGRESS, "over": over}


def test_does_one_part_after_the_other_and_tells_of_it_now_and_then() -> None:
    scenario = going().done(part()).decides(WORK)
    scenario.moment += SPOKEN
    scenario.done(part()).decides(TOLD, run.Work(at=NOON + SPOKEN))


def test_tells_all_at_the_end() -> None:
    assert going().done(part(over=True)).decides(TOLD, FinishImport(id=ID)).state is None


def test_stands_still_once_the_part_under_way_is_done() -> None:
    paused = worked(going().happens(Import.Paused()).decides()).decides(TOLD)
    later = NOON + timedelta(hours=1)
    paused.happens(Import.Resumed(), at=later).decides(run.Work(at=later))


def test_is_resumed_before_it_stood_still() -> None:
    resumed = going().happens(Import.Paused()).happens(Import.Resumed()).decides()
    worked(resumed).decides(WORK)


def test_ends_where_it_stands() -> None:
    assert worked(going().happens(Import.Cancelled())).decides(TOLD).state is None
    paused = worked(going().happens(Import.Paused()))
    assert paused.happens(Import.Cancelled()).decides().state is None


def test_goes_on_after_it_failed_where_it_stood() -> None:
    failed = going().done(part()).failed("source_inactive")
    failed.decides(TOLD, FailImport(id=ID, error="source_inactive"))
    failed.happens(Import.Resumed()).decides(WORK).done(part(over=True)).decides(TOLD, FinishImport(id=ID))


def test_stands_still_where_its_failure_is_noted_after_it_was_resumed() -> None:
    paused = going().happens(Import.Paused())
    paused.decided = [WORK]
    resumed = paused.failed("source_inactive").happens(Import.Resumed()).decides(WORK)
    # Who resumed it was faster than the note that it failed.
    failed = resumed.happens(Import.Failed(error="source_inactive")).decides()
    failed.decided = [WORK]
    failed.done(part()).decides(TOLD)
    failed.happens(Import.Resumed()).decides(WORK)


async def test_what_a_part_that_failed_has_stored_is_counted_as_its_own() -> None:
    class Noted(NoRows):
        again = list[bool]()

        async def take(
            self,
            tenant_id: UUID,
            terms: ImportTerms,
            progress: Mapping[str, int],
            *,
            at: datetime,
            again: bool,
        ) -> Part:
            self.again.append(again)
            return Part({}, over=False)

    noted = ImportRun(Noted())
    failed = going().failed("unavailable")
    for state in (going().state, failed.state, failed.happens(Import.Resumed()).done(part()).state):
        call = Call(
            key=ID,
            tenant_id=ID,
            instance="1",
            attempt=1,
            event_id=ID,
            correlation_id="1",
            state=state,
            send=_unsent,
        )
        assert state is not None
        await noted.part(state.terms, call, NOON)
    assert Noted.again == [False, True, False]


async def _unsent(command: Command) -> Refusal:
    return Refusal()


def test_refuses_what_an_import_is_not() -> None:
    given(STARTED).when(ResumeImport(id=ID)).refused(JobNotHeld, field="id")
    given(STARTED, Import.Paused()).when(PauseImport(id=ID)).refused(JobNotRunning, field="id")
    given(STARTED, Import.Finished()).when(CancelImport(id=ID)).refused(JobIsOver, field="id")


def test_a_source_directs_its_own_imports_alone() -> None:
    def showing_a_key_of(source: UUID) -> Caller:
        return Caller(tenant_id=UUID(int=9), user_id=source, kind="key", key_id=UUID(int=7))

    own, other = showing_a_key_of(STARTED.source_id), showing_a_key_of(UUID(int=8))
    for command in (PauseImport(id=ID), CancelImport(id=ID)):
        given(STARTED).by(other).when(command).refused(NotFound, field="id")
    given(STARTED, Import.Paused()).by(other).when(ResumeImport(id=ID)).refused(NotFound, field="id")
    given(STARTED).by(own).when(PauseImport(id=ID)).then(Import.Paused())


def test_what_was_cancelled_does_not_finish_or_fail() -> None:
    given(STARTED, Import.Cancelled()).when(FinishImport(id=ID)).then()
    given(STARTED, Import.Cancelled()).when(FailImport(id=ID, error="x")).then()
