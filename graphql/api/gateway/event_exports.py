"""Exports of events into files."""

import re
from datetime import datetime
from uuid import UUID

import strawberry

from api.gateway.file_links import is_there
from api.gateway.file_notes import file_note
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
        "before it is written and when it is gone, and to whoever may not read its payloads.",
        needs=_SEE,
    )
    async def file_url(self, root: strawberry.Parent[EventExportRow], info: Info) -> str | None:
        ask = info.context
        if root.file_id is None or not await is_there(ask, root.file_id):
            return None
        if not root.withheld:
            if ask.services.masking or not ask.caller.may(_PAYLOADS):
                ask.masked("EventExport.fileUrl", "" if ask.caller.may(_PAYLOADS) else _PAYLOADS)
                return None
            ask.revealed("EventExport.fileUrl", None, confidential=True)
        source = await ask.linked(Sources, root.source_id)
        name = "events" if source is None else re.sub(r"[\x00-\x1f\x7f/\\]", "-", source.name)
        note = file_note(
            ask.caller,
            "EventExport.file",
            f"event export {root.id} of source {root.source_id}, {_day(root.since)} to {_day(root.until)}",
            name=f"{name}-{root.started_at.date().isoformat()}.{root.format}",
            confidential=not root.withheld,
        )
        return ask.port(FileLinks).link(ask.caller.tenant_id, root.file_id, note)  # type: ignore[type-abstract]


def _day(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


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
