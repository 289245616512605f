"""Exports of events into files."""

from uuid import UUID

import strawberry

from api.gateway.sources import Source
from api.kit.model import Info, Node, Refusal, Resource, Sending, Sent, field, linked, shows
from domain.gateway.exports.event_exports import (
    MOST_RUNNING,
    CancelEventExport,
    PauseEventExport,
    ResumeEventExport,
    StartEventExport,
    TooManyEventExports,
)
from domain.kit.bus.turns import TenantTurns
from domain.kit.process.files import FileLinks
from domain.kit.process.jobs import JobStatus
from projections.gateway.event_exports import EventExportRow, EventExports
from projections.gateway.sources import Sources
from projections.kit.read.conditions import equals

_SEE, _PAYLOADS = "gateway:read", "gateway:confidential"


@shows(EventExportRow, needs=_SEE, leave_out=("source_id",))
class EventExport(Node):
    """Events of a source and a time that are written into a file."""

    file_id: UUID | None
    withheld: bool | None
    source = linked(Source, Sources, "source_id", "The source that sent them.")

    @field(
        "Where the file can be fetched for ten minutes, without signing in; it is kept for seven days. Null "
        "before it is written, and to who may not read the payloads that are in it.",
        needs=_SEE,
    )
    async def file_url(self, info: Info) -> str | None:
        ask = info.context
        if self.file_id is None:
            return None
        if not self.withheld:
            if not ask.caller.may(_PAYLOADS):
                ask.masked("EventExport.fileUrl", _PAYLOADS)
                return None
            ask.revealed("EventExport.fileUrl", None, confidential=True)
        return ask.port(FileLinks).link(ask.caller.tenant_id, self.file_id)  # type: ignore[type-abstract]


_exports = Resource(EventExport, EventExports, read=_SEE, write=_SEE)
_exports.filter(also=("source_id",))


async def _start(sending: Sending) -> Sent | Refusal:
    ask, command = sending.ask, await sending.command(StartEventExport)
    async with ask.port(TenantTurns).turn(ask.caller.tenant_id, "event exports"):  # type: ignore[type-abstract]
        # The view is folded in the append's own transaction, so it is never behind.
        running = await ask.services.rows.count(
            EventExports, ask.caller.tenant_id, equals("status", JobStatus.RUNNING), most=MOST_RUNNING
        )
        if running >= MOST_RUNNING and not await sending.was_executed():
            raise TooManyEventExports(most=MOST_RUNNING)
        return await sending.send(command)


@strawberry.type
class Query:
    event_export = _exports.by_id("An export of events by id.")
    event_exports = _exports.list("Exports of events, by pages.")


@strawberry.type
class Mutation:
    start_event_export = _exports.mutation(StartEventExport, send=_start)
    pause_event_export = _exports.mutation(PauseEventExport)
    resume_event_export = _exports.mutation(ResumeEventExport)
    cancel_event_export = _exports.mutation(CancelEventExport)
