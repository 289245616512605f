"""Room: of some things a company has no more than so many, also where several are made at one moment."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.kit.model import Refusal, RequestContext, Sending, Sent
from domain.kit.bus.turns import TenantTurns
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import Selection
from domain.kit.process.jobs import MOST_JOBS, JobStatus, TooManyJobs
from projections.kit.model import PostgresView
from projections.kit.read.conditions import Condition, one_of

_PAGE = 1_000
_PLACED = (JobStatus.RUNNING, JobStatus.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How many of a kind there may be."""

    what: str
    most: int
    full: Callable[[], Refusal]
    """What is raised where there is no room."""

    def sends(self, command: type[Command]) -> Callable[[Sending], Awaitable[Sent | Refusal]]:
        """What a mutation does that makes one by this command, as it is given."""

        async def send(sending: Sending) -> Sent | Refusal:
            return await self.send(sending, await sending.command(command))

        return send

    async def send(self, sending: Sending, command: Command, **shown: object) -> Sent | Refusal:
        """What comes of a command that makes one. One that was executed already is answered as before."""
        ask = sending.ask
        async with ask.port(TenantTurns).turn(ask.caller.tenant_id, self.what):  # type: ignore[type-abstract]
            if not await sending.was_executed() and await self.standing(ask, command) >= self.most:
                raise self.full()
            return await sending.send(command, **shown)

    async def standing(self, ask: RequestContext, command: Command) -> int:
        """How many there are, without the one that the command makes."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Room(Bound):
    """How many there may be where each begins by one event and ends by another."""

    begins: type[Event]
    ends: type[Event]
    # The event is one of `begins`.
    among: Callable[[Any], bool] | None = None
    """Which of those that begin so are of the kind; by default all."""

    async def standing(self, ask: RequestContext, command: Command) -> int:
        # From the log, as a view may be behind.
        types = [self.begins.stored_as, self.ends.stored_as]
        wanted = Selection(types=types, tenant_id=ask.caller.tenant_id)
        standing, after = set[UUID](), 0
        while page := await ask.services.log.read(after=after, limit=_PAGE, select=wanted):
            for each in page:
                if each.type == self.ends.stored_as:
                    standing.discard(each.originator_id)
                elif self.among is None or self.among(ask.services.codec.decode(each)):
                    standing.add(each.originator_id)
            after = page[-1].position
        return len(standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRoom(Bound):
    """How many jobs may run or be paused, by a view that is folded in the append's own transaction."""

    # The row is a `JobRow`, of whichever kind.
    view: type[PostgresView[Any]]

    async def standing(self, ask: RequestContext, command: Command) -> int:
        rows, tenant, key = ask.services.rows, ask.caller.tenant_id, (command.id,)
        row = (await rows.get(self.view, tenant, [key])).get(key)
        if row is not None and row.status in _PLACED:
            return 0
        others = [
            *one_of("status", _PLACED),
            Condition("id <> {}", command.id),
        ]
        return await rows.count(self.view, tenant, others, most=self.most)


def job_room(view: type[PostgresView[Any]], what: str) -> JobRoom:
    """The room for the jobs that a view shows. Raises TypeError for one that may be behind."""
    if not view.inline:
        raise TypeError(f"{view.__name__} may be behind, so it cannot say how many jobs there are.")
    return JobRoom(what=what, most=MOST_JOBS, full=lambda: TooManyJobs(most=MOST_JOBS, what=what), view=view)
