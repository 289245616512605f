"""Exports of events into files."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import strawberry

from api.gateway.file_links import is_there
from api.gateway.file_notes import file_note
from api.gateway.room import JobRoom, job_room
from api.gateway.sources import Source
from api.kit.model import Info, Node, Refusal, Resource, Sending, Sent, field, linked, shows
from domain.gateway.exports.event_exports import (
    CancelEventExport,
    ExportFormats,
    PauseEventExport,
    ResumeEventExport,
    StartEventExport,
)
from domain.kit.commands import Command
from domain.kit.process.files import FileLinks
from domain.kit.refusals import Forbidden, Invalid
from domain.kit.refusals import ViolationCode as Code
from projections.gateway.event_exports import EventExportRow, EventExports
from projections.gateway.sources import Sources

_SEE, _PAYLOADS, _DIRECT = "gateway:read", "gateway:confidential", "gateway:write"


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


async def _start(sending: Sending) -> Sent | Refusal:
    command = await sending.command(StartEventExport)
    formats = sending.ask.port(ExportFormats)  # type: ignore[type-abstract]
    if not formats.writes(command.format) and not await sending.was_executed():
        reason = f"is not written here: the extra `{command.format}` is not installed"
        raise Invalid(field="format", reason=reason, why=Code.UNSUITABLE)
    return await _room.send(sending, command)


def _directing(
    command: type[Command], room: JobRoom | None = None
) -> Callable[[Sending], Awaitable[Sent | Refusal]]:
    """What a mutation does that directs an export: whoever started it may, and who may change the gateway."""

    async def send(sending: Sending) -> Sent | Refusal:
        ask, built = sending.ask, await sending.command(command)
        key = (built.id,)
        row = (await ask.services.rows.get(EventExports, ask.caller.tenant_id, [key])).get(key)
        if row is not None and row.started_by != ask.caller.user_id and not ask.caller.may(_DIRECT):
            raise Forbidden(permission=_DIRECT, field="id")
        return await (sending.send(built) if room is None else room.send(sending, built))

    return send


@strawberry.type
class Query:
    event_export = _exports.by_id("An export of events by id.")
    event_exports = _exports.list("Exports of events, by pages.")


@strawberry.type
class Mutation:
    start_event_export = _exports.mutation(StartEventExport, send=_start)
    pause_event_export = _exports.mutation(PauseEventExport, send=_directing(PauseEventExport))
    resume_event_export = _exports.mutation(ResumeEventExport, send=_directing(ResumeEventExport, _room))
    cancel_event_export = _exports.mutation(CancelEventExport, send=_directing(CancelEventExport))
