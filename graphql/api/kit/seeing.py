"""What one caller may see of his tenant's rows, while one operation runs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.commands import Command, id_of, noun
from domain.kit.refusals import NotFound
from projections.kit.postgres import PostgresView
from projections.kit.rows import Rows
from projections.kit.sight import EVERYTHING, Sight
from projections.kit.view import View


@dataclass(frozen=True, kw_only=True)
class Sights:
    """How it is found out what a caller may see."""

    of: Callable[[Caller], Awaitable[Sight]] | None = None
    """None: everybody sees everything."""
    depend: tuple[type[View[Any]], ...] = ()
    """The views from which that follows."""
    shown_in: Mapping[str, type[PostgresView[Any]]] = field(default_factory=dict)
    """Where the things of each topic are shown."""


class Waiting(Protocol):
    """Waits for views."""

    async def wait_for(self, view: str, position: int, seconds: float, /) -> bool:
        """Whether the view reached the position within the time."""
        ...


class Seeing:
    """The sight of one caller, found out when it is first needed."""

    def __init__(
        self,
        sights: Sights,
        rows: Rows,
        waiting: Waiting,
        caller: Caller,
        reached: Callable[[type[View[Any]]], Awaitable[bool]],
    ) -> None:
        """``reached`` waits until a view has come to the position that the answer is to reflect, if it is to."""
        self._sights, self._rows, self._waiting, self._caller = sights, rows, waiting, caller
        self._reached = reached
        self._found: asyncio.Future[Sight] | None = None

    async def now(self) -> Sight:
        """What the caller may see, as it stands during this execution."""
        if self._sights.of is None:
            return EVERYTHING
        if self._found is None:
            self._found = asyncio.ensure_future(self._look(self._sights.of))
        return await asyncio.shield(self._found)

    async def at(self, position: int) -> Sight:
        """What the caller may see once this position is folded; for subscriptions, which outlive many answers."""
        self._found = None
        if (sight := await self.now()) is EVERYTHING:
            return sight
        for view in self._sights.depend:
            while not await self._waiting.wait_for(view.name, position, 5.0):
                pass
        self._found = None
        return await self.now()

    async def unseen(self, command: Command) -> NotFound | None:
        """The refusal of a command on something that the caller may not see."""
        for need in command.wiring.needs:
            view, id = self._sights.shown_in.get(need.aggregate.topic), id_of(command, need.field)
            if view is not None and id is not None and not await self._sees(view, id):
                return NotFound(field=need.field, what=noun(need.aggregate.topic))
        return None

    async def sees_thing(self, topic: str, id: UUID) -> bool:
        """Whether the caller may see a thing; one that is shown nowhere he may not."""
        view = self._sights.shown_in.get(topic)
        return view is not None and await self._sees(view, id)

    async def _look(self, find: Callable[[Caller], Awaitable[Sight]]) -> Sight:
        sight = await find(self._caller)
        if sight is EVERYTHING:
            return sight
        waited = [await self._reached(view) for view in self._sights.depend]
        return await find(self._caller) if any(waited) else sight

    async def _sees(self, view: type[PostgresView[Any]], id: UUID) -> bool:
        sight = await self.now()
        if not sight.narrows(view):
            return True
        rows = await self._rows.get(view, self._caller.tenant_id, [(id,)])
        return all(sight.sees(view, row) for row in rows.values())
