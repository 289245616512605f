"""Parked streams as operators see them: what is parked and why, and what they may ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from domain.kit.fields import Describe
from projections.kit.store.generations import Pool

_LIST = """
select * from (
select p.view, p.generation, p.stream, p.tenant_id, p.topic, p.position, p.event_id, p.event_type, p.error,
       p.attempts, p.parked_at, p.asked, p.asked_at, p.reason,
       (select count(*) from es.events e
         where e.tenant_id = p.tenant_id and e.originator_id = p.stream and e.position >= p.position) as waiting
  from ops.parked p join ops.lanes l using (view, generation)
 where l.phase <> 'dropped' and ($1::text is null or view = $1) and ($2::uuid is null or stream = $2)
   and ($3::uuid is null or p.tenant_id = $3)
   and ($5::text is null or (p.view, p.generation, p.position) > ($5, $6::integer, $7::bigint))
) parked
 where {met}
 order by view, generation, position
 limit $4
"""
_THESE = """
 where exists (select from ops.lanes l
                where l.view = p.view and l.generation = p.generation and l.phase <> 'dropped')
   and ($1::text is null or view = $1) and ($2::uuid is null or stream = $2)
   and ($3::uuid is null or tenant_id = $3)
"""
_RETRY = f"""
update ops.parked p set asked = 'retry', asked_at = clock_timestamp(), reason = null,
       until = case when token is null then null else until end
{_THESE}
"""
# A retry that was begun is finished first.
_DISCARD = f"""
update ops.parked p set asked = 'discard', asked_at = clock_timestamp(), reason = $4,
       until = greatest(position, (select coalesce(max(position), 0) from es.events))
{_THESE} and token is null
"""


class ParkedStreamRequest(StrEnum):
    """What an operator asks of a parked stream: to fold its events again, or to leave them out permanently."""

    RETRY = "retry"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A stream whose events from ``position`` on wait, in one generation of a view.

    ``error`` names the error's class and place, never its message. ``waiting``: how many events of the
    stream there are from ``position`` on, of whatever type. ``asked``: ``retry`` or ``discard`` when
    somebody asked for it and it is not done yet, with the ``reason`` of a discard.
    """

    view: Annotated[str, Describe("The view's name.")]
    generation: Annotated[int, Describe("The view's generation.")]
    stream: Annotated[UUID, Describe("The id of the aggregate whose events wait.")]
    tenant_id: Annotated[UUID, Describe("The tenant's id.")]
    topic: Annotated[str, Describe("The aggregate's topic, such as `work.task`.")]
    position: Annotated[int, Describe("The first event that is not folded.")]
    event_id: Annotated[UUID, Describe("That event's id.")]
    event_type: Annotated[str, Describe("The event's type, such as `work.task.completed`.")]
    error: Annotated[str, Describe("The error that prevented folding.")]
    attempts: Annotated[int, Describe("The number of attempts.")]
    parked_at: Annotated[datetime, Describe("When it was parked.")]
    waiting: Annotated[int, Describe("The number of events that wait.")]
    asked: Annotated[str | None, Describe("The pending request, if any.")]
    asked_at: datetime | None
    reason: str | None


# Values of conditions are of any type.
Met = Callable[[list[Any]], Sequence[str]]
"""Gives conditions as SQL, their values added to a statement's arguments."""
ParkedPlace = tuple[str, int, int]
"""Where one stands among all: its view, generation and position."""


def place(parked: Parked) -> ParkedPlace:
    """Where it stands among all that is parked."""
    return parked.view, parked.generation, parked.position


class ParkedStreams:
    """What is parked, over all tenants and views, and what is asked of those who keep the views.

    What is asked is done within a second or two by whoever follows the view. A generation that appends
    keep is nobody's: `Inline.answer` does it there, and has to be called after asking.
    """

    def __init__(self, pool: Pool) -> None:
        """``pool`` connects as the writer."""
        self._pool = pool

    async def list(
        self,
        view: str | None = None,
        *,
        met: Met = lambda arguments: (),
        limit: int | None = None,
        after: ParkedPlace | None = None,
    ) -> list[Parked]:
        """What is parked and ``met`` by conditions, in one view or in any, oldest event first in each generation:
        all of it, or so many after a place."""
        return [*await self._found(view, None, None, limit, after, met)]

    async def views(self) -> Sequence[str]:
        """The names of the views in which something could be parked."""
        return [row["view"] for row in await self._pool.fetch("select view from ops.views order by view")]

    async def show(self, view: str, stream: UUID, *, tenant_id: UUID | None = None) -> Sequence[Parked]:
        """How a stream is parked in the generations of a view; empty when it is not."""
        return await self._found(view, stream, tenant_id)

    async def retry(
        self, view: str | None, stream: UUID | None = None, *, tenant_id: UUID | None = None
    ) -> int:
        """Ask that the waiting events be folded, in every generation; answer how many parkings it concerns.

        None stands for all views, all streams, all tenants.
        """
        return _count(await self._pool.execute(_RETRY, view, stream, tenant_id))

    async def discard(self, view: str, stream: UUID, reason: str, *, tenant_id: UUID | None = None) -> int:
        """Ask that the events that wait now be left out of the view permanently, in every generation.

        Later ones are folded again. Answers how many parkings it concerns: none when the stream is not
        parked or is being retried at this moment.
        """
        return _count(await self._pool.execute(_DISCARD, view, stream, tenant_id, reason))

    async def _found(
        self,
        view: str | None,
        stream: UUID | None,
        tenant_id: UUID | None,
        limit: int | None = None,
        after: ParkedPlace | None = None,
        met: Met = lambda arguments: (),
    ) -> Sequence[Parked]:
        arguments: list[Any] = [view, stream, tenant_id, limit, *(after or (None, None, None))]
        sql = _LIST.format(met=" and ".join(["true", *met(arguments)]))
        rows = await self._pool.fetch(sql, *arguments)
        return [Parked(**row) for row in rows]


def _count(tag: str) -> int:
    """The number in an answer such as ``UPDATE 3``."""
    return int(tag.rpartition(" ")[2])
