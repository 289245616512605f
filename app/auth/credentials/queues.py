"""Turns: so many at once under one name, the others one after another, and no crowd that waits for ever."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class Crowded(Exception):
    """As many wait under this name as may."""


@dataclass
class QueueTurn:
    """What one who has a turn may say about the next one."""

    hold: float = 0.0
    """Seconds after this turn before the next may begin."""


@dataclass
class _Line:
    busy: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Queues:
    """Lines, each under a name; a line that nobody stands in is forgotten."""

    def __init__(self, *, width: int, waiting: int) -> None:
        """``width`` of a line have their turn at the same time; beyond ``waiting`` nobody joins it."""
        self._width, self._most = width, waiting
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[QueueTurn]:
        """Have a turn for as long as the block runs. Raises Crowded."""
        line = self._lines.setdefault(name, _Line())
        if line.busy < self._width:
            line.busy += 1
        else:
            await self._wait(name, line)
        turn = QueueTurn()
        try:
            yield turn
        finally:
            if turn.hold:
                asyncio.get_running_loop().call_later(turn.hold, self._next, name, line)
            else:
                self._next(name, line)

    async def _wait(self, name: str, line: _Line) -> None:
        if len(line.waiting) >= self._most:
            raise Crowded
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(ready)
        try:
            await ready
        except asyncio.CancelledError:
            if ready.done() and not ready.cancelled():
                # It was given the turn at the moment it left.
                self._next(name, line)
            raise

    def _next(self, name: str, line: _Line) -> None:
        while line.waiting:
            ready = line.waiting.popleft()
            if not ready.done():
                ready.set_result(None)
                return
        line.busy -= 1
        if line.busy == 0:
            del self._lines[name]
