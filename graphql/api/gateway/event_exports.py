"""Exports of events into files."""

from uuid import UUID

import strawberry

from api.gateway.room import job_room
from api.gateway.sources import Source
from api.kit.model import Info, Node, Resource, field, linked, shows
from domain.gateway.exports.event_exports import (
    CancelEventExport,
    PauseEventExport,
    ResumeEventExport,
    StartEventExport,
)
from domain.kit.process.files import FileLinks
from projections.gateway.event_exports import EventExportRow, EventExports
from projections.gateway.sources import Sources

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
_room = job_room(EventExports, "event exports")


@strawberry.type
class Query:
    event_export = _exports.by_id("An export of events by id.")
    event_exports = _exports.list("Exports of events, by pages.")


@strawberry.type
class Mutation:
    start_event_export = _exports.mutation(StartEventExport, send=_room.sends(StartEventExport))
    pause_event_export = _exports.mutation(PauseEventExport)
    resume_event_export = _exports.mutation(ResumeEventExport, send=_room.sends(ResumeEventExport))
    cancel_event_export = _exports.mutation(CancelEventExport)
