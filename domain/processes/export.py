"""Exports: the file with all that is kept about a person is written, and goes after a week."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from domain.governance.exports import (
    EraseExport,
    ExpireExport,
    Export,
    FailExport,
    FinishExport,
    NoteExportPart,
)
from domain.kit.process.effects import Call, Done, Effect, Failed, Fired, Schedule, Send, Then
from domain.kit.process.process import Process, on, performs, when_done, when_due, when_failed
from domain.kit.refusals import SubjectErased

KEPT = timedelta(days=7)
"""How long a file can be fetched."""
_TIMER = "expire"

Wrote = Callable[[str, int, int, int], Awaitable[None]]
"""Hears of each part: its name, how many records it has, how many parts are written, how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that is whole."""

    size: int
    """Bytes that are handed out."""
    sha256: str


class Files(Protocol):
    """Where exports are kept."""

    async def write(
        self, tenant_id: UUID, export_id: UUID, subject_id: UUID, *, by_themself: bool, wrote: Wrote
    ) -> Written:
        """Write the file again, whole or not at all: nobody sees it before its last byte is on the disk.

        ``by_themself``: the person asked; whoever else asks is not given what is no business of the tenant.
        """
        ...

    async def remove(self, tenant_id: UUID, export_id: UUID) -> None:
        """Remove the file, and what is left of tries; nothing happens when there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """An export that is being written, or can be fetched."""

    id: UUID
    subject_id: UUID
    by_themself: bool


class PersonExport(Process[Exporting], name="governance.export", version=2):
    """Write the file, in whichever worker is there, and remove it when its time is over."""

    class Write(Effect, attempts=5, timeout=3600, pause=1):
        """Write the file."""

    class Remove(Effect, attempts=30, timeout=60):
        """Remove it."""

    def __init__(self, files: Files) -> None:
        self._files = files

    @on(Export.Requested)
    def requested(self, state: Exporting | None, event: Export.Requested) -> Then[Exporting]:
        return Then(
            Exporting(
                id=event.originator_id,
                subject_id=event.subject_id,
                by_themself=event.requested_by == event.subject_id,
            ),
            self.Write(),
        )

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        # Who asked was not noted: less is written then, and nobody is given what is not theirs.
        state["by_themself"] = False

    @performs(Write)
    async def write(self, effect: Write, call: Call[Exporting]) -> Written:
        assert call.state is not None
        export = UUID(call.instance)

        async def wrote(part: str, records: int, done: int, parts: int) -> None:
            # At another try the numbers may differ; then what was noted first stays, and the refusal is nothing.
            await call.send(NoteExportPart(id=export, part=part, records=records, done=done, parts=parts))

        return await self._files.write(
            call.tenant_id,
            export,
            call.state.subject_id,
            by_themself=call.state.by_themself,
            wrote=wrote,
        )

    @when_done(Write)
    def written(self, state: Exporting, done: "Done[PersonExport.Write]") -> Then[Exporting]:
        expires_at = done.at + KEPT
        finish = FinishExport(
            id=state.id, size=done.result["size"], sha256=done.result["sha256"], expires_at=expires_at
        )
        return Then(state, Send(finish), Schedule(_TIMER, expires_at))

    @when_failed(Write)
    def not_written(self, state: Exporting, failed: "Failed[PersonExport.Write]") -> Then[Exporting]:
        # Who was erased after the export was requested is told so, not to ask again.
        erased = failed.error == SubjectErased.code
        end = EraseExport(id=state.id) if erased else FailExport(id=state.id, error=failed.error)
        return Then(None, self.Remove(), Send(end))

    @when_due(_TIMER)
    def over(self, state: Exporting, fired: Fired) -> Then[Exporting]:
        return Then(None, self.Remove(), Send(ExpireExport(id=state.id)))

    @on(Export.Erased)
    def erased(self, state: Exporting | None, event: Export.Erased) -> Then[Exporting]:
        return Then(None, self.Remove())

    @performs(Remove)
    async def remove(self, effect: Remove, call: Call[Exporting]) -> None:
        await self._files.remove(call.tenant_id, UUID(call.instance))
