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
_PATIENCE, _PATIENCE_AT_FIRST = 0.25, 5.0
"""Seconds to wait for what the database knows of the views: usually, and while this process knows nothing."""


class ReadPosition:
    """Collects what one answer reads of the database that ``live`` points into.

    Its value may be too small, never too great: positions only grow, so what a view had folded before it was read
    is in the rows; and a view that began to be refilled meanwhile counts as it stands then. There is none where a
    view was read of which nothing is known.
    """

    def __init__(self, live: object, known: Known) -> None:
        self.live = live
        self._known, self._before = known, known()
        self._lanes = dict[Lane, int | None]()
        self._least: int | None = None
        self._reached = dict[str, int]()

    def read(self, lane: Lane) -> None:
        """Note that rows of a view were read."""
        if lane not in self._lanes:
            known = [self._before.get(lane), self._reached.get(lane[0])]
            self._lanes[lane] = max((position for position in known if position is not None), default=None)

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
    def value(self) -> int | None:
        """The position; the last one known where nothing was read that has one; None where none is known."""
        now = self._known()
        found: list[int] = [] if self._least is None else [self._least]
        for lane, least in self._lanes.items():
            stands, stood = now.get(lane), self._before.get(lane)
            if least is None or (stands is None and stood is not None):
                return None
            # A view that was waited for may be ahead of what is known of it.
            found.append(least if (stands or 0) >= (stood or 0) else min(least, stands or 0))
        return min(found, default=max(self._before.values(), default=None))

    def told(self, stale: object, written: int) -> str | None:
        """From where a subscription continues without a gap what an answer shows, as it is told; None when nobody
        knows.

        Never ahead of where a ``stale`` view stands, nor of what was ``written``.
        """
        if (value := self.value) is None:
            return None
        return str(min(value, written or value, int(str(stale or value))))


_READING: ContextVar[ReadPosition | None] = ContextVar("read position", default=None)


async def begin_reading(
    live: object, known: Known, ask: Callable[[], Awaitable[None]] | None, age: float
) -> ReadPosition:
    """Note from here on what this task reads, and those that it starts.

    What is known of the views is good however old it is (``age``, in seconds), for positions only grow: unless it
    is fresh it is asked for again beside the answer, by everybody at once, and waited for only once it is old, and
    for longer while nothing is known at all.
    """
    if ask is not None:
        asking = asyncio.ensure_future(ask())
        asking.add_done_callback(_look)
        if age > _OLD:
            # Whoever reads elsewhere while the database is away is not held up.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_PATIENCE if known() else _PATIENCE_AT_FIRST):
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
