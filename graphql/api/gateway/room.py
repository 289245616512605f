"""Room: of some things a company has no more than so many, also where several are made at one moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.kit.model import Refusal, RequestContext, Sending, Sent
from domain.kit.bus.turns import TenantTurns
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import Selection

_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many of a kind there may be, where each begins by one event and ends by another."""

    what: str
    most: int
    begins: type[Event]
    ends: type[Event]
    full: Callable[[], Refusal]
    """What is raised where there is no room."""
    # The event is one of `begins`.
    among: Callable[[Any], bool] | None = None
    """Which of those that begin so are of the kind; by default all."""

    async def send(self, sending: Sending, command: Command, **shown: object) -> Sent | Refusal:
        """What comes of a command that makes one. One that was executed already is answered as before."""
        ask = sending.ask
        async with ask.port(TenantTurns).turn(ask.caller.tenant_id, self.what):  # type: ignore[type-abstract]
            if not await sending.was_executed() and await self._standing(ask) >= self.most:
                raise self.full()
            return await sending.send(command, **shown)

    async def _standing(self, ask: RequestContext) -> int:
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
