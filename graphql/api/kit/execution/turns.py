"""Who works next: the memory of a process shared out among tenants, and inside them among callers."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.kit.execution.errors import RequestError, come_back

_RETRY_SECONDS = 1


@dataclass(eq=False)
class _Caller:
    """What one caller has under way, and what waits."""

    held: int = 0
    waiting: "deque[Turn]" = field(default_factory=deque)


class Turn:
    """One operation's hold on the room and on its caller's share."""

    def __init__(self, turns: "Turns", caller: _Caller, weight: int) -> None:
        self._turns, self._who, self._weight, self._kept = turns, caller, weight, 0
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def weight(self) -> int:
        """What it holds of the room, and at first of the share."""
        return self._weight

    def answered(self, size: int) -> None:
        """The work is over and an answer of this size is on its way: it counts for its caller alone, so that
        clients that do not read keep nobody else waiting."""
        self._turns.release(self._who, self._weight, keep=size)
        self._weight, self._kept = 0, size

    def over(self) -> None:
        """Give back all that is held."""
        self._turns.release(self._who, self._weight, share=self._weight + self._kept)


class Turns:
    """Room for work of a total weight in bytes, of which one caller holds at most a share at a time.

    What does not fit waits. Tenants that wait are served in turn, and of each its callers in turn, so that
    however much one of them sends, the others wait for one operation of each and not for all of them. Whoever
    has ``most_waiting`` already is refused.
    """

    def __init__(self, room: int, share: int, most_waiting: int) -> None:
        self._room, self._share, self._most_waiting = room, min(share, room), most_waiting
        self._held = 0
        # Those who have something under way or waiting; the order says whose turn is next.
        self._tenants: OrderedDict[Hashable, OrderedDict[Hashable, _Caller]] = OrderedDict()

    def __len__(self) -> int:
        """How many tenants have something under way or waiting."""
        return len(self._tenants)

    @asynccontextmanager
    async def of(self, tenant: Hashable, caller: Hashable, weight: int) -> AsyncIterator[Turn]:
        """Hold room of this weight, at most the share. Raises RequestError when too much is waiting."""
        waiting = self._tenants.setdefault(tenant, OrderedDict()).setdefault(caller, _Caller())
        turn = Turn(self, waiting, min(max(weight, 1), self._share))
        try:
            await self._entered(waiting, turn)
            try:
                yield turn
            finally:
                turn.over()
        finally:
            if not waiting.held and not waiting.waiting:
                self._forget(tenant, caller)

    def release(self, caller: _Caller, room: int, *, share: int | None = None, keep: int = 0) -> None:
        """Give back this much of the room and of a caller's share, of which ``keep`` stays taken."""
        self._held -= room
        caller.held -= (room if share is None else share) - keep
        self._admit()

    async def _entered(self, caller: _Caller, turn: Turn) -> None:
        if len(caller.waiting) >= self._most_waiting:
            raise RequestError.of(
                f"At most {self._most_waiting} operations may wait at a time.",
                "TOO_MANY_REQUESTS",
                429,
                come_back(_RETRY_SECONDS, "operations"),
            )
        caller.waiting.append(turn)
        self._admit()
        try:
            await turn.begun
        except asyncio.CancelledError:
            if turn in caller.waiting:
                caller.waiting.remove(turn)
                # It may have been the one that kept the others from going on.
                self._admit()
            else:
                turn.over()
            raise

    def _admit(self) -> None:
        """Let in those whose turn it is as long as there is room."""
        while (found := self._next()) is not None:
            caller, turn = found
            caller.waiting.popleft()
            caller.held += turn.weight
            self._held += turn.weight
            # Whoever has just been cancelled gives it back as they hear of that.
            if not turn.begun.done():
                turn.begun.set_result(None)

    def _next(self) -> tuple[_Caller, Turn] | None:
        """Whose turn it is, None when nobody waits who may go on. It moves to the end of the line."""
        for tenant, callers in self._tenants.items():
            for caller, waiting in callers.items():
                if not waiting.waiting or (
                    waiting.held and waiting.held + waiting.waiting[0].weight > self._share
                ):
                    continue
                turn = waiting.waiting[0]
                if self._held + turn.weight > self._room:
                    # Nobody lighter slips past, or the heavy would wait for ever.
                    return None
                callers.move_to_end(caller)
                self._tenants.move_to_end(tenant)
                return waiting, turn
        return None

    def _forget(self, tenant: Hashable, caller: Hashable) -> None:
        callers = self._tenants.get(tenant)
        if callers is not None and callers.pop(caller, None) is not None and not callers:
            del self._tenants[tenant]
