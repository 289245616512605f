"""What runs an export: what was asked for before exports could be paused goes on."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from app.gateway.exports.event_files import NoEventFiles
from domain.gateway.exports.event_export_runs import EventExportRun, EventExportTerms
from domain.gateway.exports.event_exports import (
    EventExport,
    ExportFormat,
    FailEventExport,
    FinishEventExport,
)
from domain.kit.process.process_scenario import ProcessScenario, rehearse
from domain.kit.scenario import NOON

ID, FILE = UUID(int=1), UUID(int=2)
TERMS = EventExportTerms(
    export_id=ID,
    source_id=UUID(int=3),
    since=datetime(2026, 1, 1, tzinfo=UTC),
    until=datetime(2026, 2, 1, tzinfo=UTC),
    format=ExportFormat.CSV,
    started_by=UUID(int=4),
    position=7,
)
run = EventExportRun(NoEventFiles())


def pending() -> ProcessScenario[Any]:
    """An export of which the ledger holds the file that is to be written, as it was stored then."""
    stored = msgspec.json.encode({"terms": TERMS})
    scenario = rehearse(run, id=ID)
    scenario.decided = [msgspec.json.decode(stored, type=EventExportRun.effects["write"])]
    return scenario


def test_a_file_that_was_asked_for_before_is_written() -> None:
    assert run.Write(terms=TERMS).instance == f"exports/{ID}"
    written = {"file_id": str(FILE), "rows": 5, "file_size": 90, "withheld": True}
    finished = FinishEventExport(id=ID, file_id=FILE, rows=5, file_size=90, withheld=True)
    assert pending().done(written).decides(finished).state is None


def test_what_was_asked_for_before_goes_on_after_it_was_paused_or_failed() -> None:
    work = run.Work(at=NOON)
    paused = pending().done(None).decides()
    paused.happens(EventExport.Resumed()).decides(work)
    failed = pending().failed("files_full").decides(FailEventExport(id=ID, error="files_full"))
    failed.happens(EventExport.Failed(error="files_full")).happens(EventExport.Resumed()).decides(work)


def test_what_failed_before_it_could_be_resumed_says_so() -> None:
    resumed = rehearse(run, id=ID).happens(EventExport.Resumed())
    assert resumed.decides(FailEventExport(id=ID, error="start_another")).state is None
