"""Up to which position an answer is complete: what the views that it reads had folded before it read them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import TypeAlias

Lane: TypeAlias = tuple[str, int | None]
"""A view's name, and the generation of it that is read."""
Known: TypeAlias = Callable[[], Mapping[Lane, int]]
"""The positions that are known by now."""

_OLD = 1.0
"""Seconds after which a reader would be told too many changes again of what they have just read."""
_PATIENCE = 0.25


class ReadPosition:
    """Collects what one answer reads of the database that ``live`` points into.

    Its value may be too small, never too great: positions only grow, so what a view had folded before it was read
    is in the rows; and a view that began to be refilled meanwhile counts as it stands then.
    """

    def __init__(self, live: object, known: Known) -> None:
        self.live = live
        self._known, self._before = known, known()
        self._lanes = dict[Lane, int]()
        self._least: int | None = None
        self._reached = dict[str, int]()

    def read(self, lane: Lane) -> None:
        """Note that rows of a view were read."""
        if lane not in self._lanes:
            self._lanes[lane] = max(self._before.get(lane, 0), self._reached.get(lane[0], 0))

    def reflects(self, position: int) -> None:
        """Note that something was shown which is known to reflect this position, as a cached answer is."""
        self._least = position if self._least is None else min(self._least, position)

    def reached(self, view: str, position: int) -> None:
        """Note that a view was waited for: whatever is read from now on is as new as that."""
        self._reached[view] = max(self._reached.get(view, 0), position)
        self._before = self._known()

    def restart(self) -> None:
        """Forget what was read so far: nothing of it is shown."""
        self._lanes, self._least = {}, None

    @property
    def value(self) -> int:
        """The position; the last one known where nothing was read that has one."""
        now = self._known()
        # A view that was waited for may be ahead of what is known of it.
        found = [
            least if now.get(lane, 0) >= self._before.get(lane, 0) else min(least, now.get(lane, 0))
            for lane, least in self._lanes.items()
        ]
        if self._least is not None:
            found.append(self._least)
        return min(found, default=max(self._before.values(), default=0))

    def told(self, stale: object, written: int) -> str:
        """From where a subscription continues without a gap what an answer shows, as it is told.

        Never ahead of where a ``stale`` view stands, nor of what was ``written``.
        """
        return str(min(self.value, written or self.value, int(str(stale or self.value))))


_READING: ContextVar[ReadPosition | None] = ContextVar("read position", default=None)


async def begin_reading(
    live: object, known: Known, ask: Callable[[], Awaitable[None]] | None, age: float
) -> ReadPosition:
    """Note from here on what this task reads, and those that it starts.

    What is known of the views is good however old it is (``age``, in seconds), for positions only grow: unless it
    is fresh it is asked for again beside the answer, by everybody at once, and waited for only once it is old.
    """
    if ask is not None:
        asking = asyncio.ensure_future(ask())
        asking.add_done_callback(_look)
        if age > _OLD:
            # Whoever reads elsewhere while the database is away is not held up.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_PATIENCE):
                    await asyncio.shield(asking)
    reading = ReadPosition(live, known)
    _READING.set(reading)
    return reading


def note_rows(live: object, view: str, generation: int) -> None:
    """Note that rows are read, of the database that ``live`` points into."""
    if (reading := _READING.get()) is not None and reading.live is live:
        reading.read((view, generation))


def note_position(position: int) -> None:
    """Note that something is shown which reflects this position."""
    if (reading := _READING.get()) is not None:
        reading.reflects(position)


def _look(asking: "asyncio.Future[None]") -> None:
    if not asking.cancelled():
        asking.exception()
