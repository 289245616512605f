"""History: what happened to a thing, and everything that happens."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from sys import getsizeof
from typing import Annotated, Any
from uuid import UUID

import msgspec
import strawberry

from api.identity.users import User
from api.kit.model import (
    Discontinuity,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Node,
    Position,
    Resource,
    ResumeFrom,
    argument,
    bad_argument,
    covered,
    field,
    forward,
    linked,
    live,
    shows,
)
from api.kit.schema.commands import camel
from api.kit.schema.live.changes import envelopes
from api.kit.schema.masking import MASKED
from api.kit.schema.scalars import Json
from domain.contexts import confidential_of
from domain.kit.caller import Caller
from domain.kit.events import event_class
from domain.kit.fields import Confidential, Personal, Restricted, hints_of, is_marked
from domain.kit.ids import read_id
from domain.kit.log import Envelope, Selection
from projections.governance.activity import ActivityAction, ActivityEntityType, ActivityLog, ActivityRow
from projections.identity.people import People
from projections.kit.read.allowance import allowance


@covered
@strawberry.type(description="An event of one object.")
class HistoryEvent:
    """An event as its aggregate's history shows it."""

    type: str = strawberry.field(description="The event's type, such as `work.task.completed`.")
    timestamp: datetime = strawberry.field(description="When it happened.")
    version: int = strawberry.field(description="The event's number in the object's history, from 1.")
    position: Position = strawberry.field(description="The event's position in the log.")
    by: UUID | None = strawberry.field(description="Who did it; null when the system did.")
    data: Json = strawberry.field(description="The event's data, by field.")


@covered
@strawberry.type(description="An event of the log.")
class LogEvent(HistoryEvent):
    """An event as operators see it."""

    cursor: Position = strawberry.field(description="The message's cursor, for `resumeFrom`.")
    event_id: UUID = strawberry.field(description="The event's id.")
    aggregate_id: str = strawberry.field(description="The object's type and id, such as `task_…`.")
    correlation_id: str = strawberry.field(
        description="The correlation id, shared by everything that one request caused."
    )


EventMessage = Annotated[
    LogEvent | Discontinuity,
    strawberry.union("EventMessage", description="An event, or a gap in the messages."),
]


@shows(ActivityRow, needs="audit:read", leave_out=("actor_id",))
class Activity(Node):
    """An action in the tenant, as the activity log records it."""

    entity_type: ActivityEntityType | None
    action: ActivityAction | None
    actor = linked(User, People, "actor_id", "Who did it; null when the system did.")


_activities = Resource(Activity, ActivityLog, read="audit:read", plural="activities")
_MOST_AT_A_TIME = 1_000
"""Events of a history that are read at a time where some may not be shown."""

_activities.filter(also=("actor_id",))


@strawberry.type
class Query:
    activities = _activities.list(
        "The tenant's activity log, by pages; private work is shown only to those who may see it.",
        unwatched="Each is an event, and `events` tells of these.",
    )

    @field(
        "The events of an object, the earliest first; null for an id that does not belong to the tenant.",
        needs="work:read",
    )
    async def history(
        self,
        info: Info,
        stream: Annotated[str, argument("The object's id, or its type and id, such as `task_…`.")],
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[HistoryEvent] | None:
        kind, _, text = stream.rpartition("_")
        try:
            id = read_id(text)
        except ValueError:
            raise bad_argument("A stream is an id, or its kind and id as task_….", "stream") from None
        ask = info.context
        own = Selection(tenant_id=ask.caller.tenant_id, originator_id=id)
        begun = await ask.services.log.read(limit=1, select=own)
        if not begun or (kind and kind != _kind(begun[0])):
            return None
        if not await ask.seeing.things([(begun[0].topic, id)]):
            return None

        async def read(limit: int, position: int | None) -> list[HistoryEvent]:
            found: list[Envelope] = []
            after, size = position or 0, limit
            while len(found) < limit:
                async with (allowed := allowance()).reading():
                    page = await ask.services.log.read(after=after, limit=size, select=own)
                allowed.spend(sum(getsizeof(envelope.payload) for envelope in page))
                # After they were read: what happened since then is not among them.
                found += await ask.seeing.told(page)
                if len(page) < size:
                    break
                after, size = page[-1].position, _MOST_AT_A_TIME
            return [HistoryEvent(**_shown(envelope, ask.caller)) for envelope in found[:limit]]

        return await forward(
            ask, f"history {id}", first, after, read, place=lambda event: int(event.position), of=int
        )


@strawberry.type
class Subscription:
    @live("Every event of the tenant, except those of private work.", EventMessage, needs="audit:read")
    async def events(
        self, info: Info, resume_from: ResumeFrom = None
    ) -> AsyncGenerator[LogEvent | Discontinuity, None]:
        async with aclosing(envelopes(info.context, resume_from)) as pages:
            async for page in pages:
                if isinstance(page, Discontinuity):
                    yield page
                    continue
                for envelope in await info.context.seeing.told(page):
                    yield LogEvent(
                        **_shown(envelope, info.context.caller),
                        cursor=Position(envelope.position),
                        event_id=envelope.event_id,
                        aggregate_id=_aggregate_id(envelope),
                        correlation_id=envelope.correlation_id,
                    )


def _shown(envelope: Envelope, caller: Caller) -> dict[str, Any]:
    return {
        "type": envelope.type,
        "timestamp": envelope.timestamp,
        "version": envelope.originator_version,
        "position": Position(envelope.position),
        "by": envelope.user_id,
        "data": _data(envelope, caller),
    }


def _data(envelope: Envelope, caller: Caller) -> dict[str, Any]:
    """What an event says, as far as the caller may read it: nothing that is restricted or personal."""
    hints = hints_of(event_class(envelope.type))
    said: dict[str, Any] = {}
    for name, value in msgspec.json.decode(envelope.payload).items():
        if name not in hints or is_marked(hints[name], Restricted):
            continue
        secret = is_marked(hints[name], Personal) or (
            is_marked(hints[name], Confidential) and not _reads(caller, envelope.topic)
        )
        said[camel(name)] = MASKED if secret and value else value
    return said


def _reads(caller: Caller, topic: str) -> bool:
    permission = confidential_of(topic)
    return permission is not None and caller.may(permission)


def _aggregate_id(envelope: Envelope) -> str:
    return f"{_kind(envelope)}_{envelope.originator_id}"


def _kind(envelope: Envelope) -> str:
    return envelope.topic.rsplit(".", 1)[-1]
