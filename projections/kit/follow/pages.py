"""The log as the lanes of one process read it: each page is read, and each event decoded, once for all of them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import LRUCache

from domain.kit.codec import Codec
from domain.kit.events import Event
from domain.kit.log import Envelope, Log
from projections.kit.background import end, happens
from projections.kit.follow.log_tail import LogTail

_logger = logging.getLogger(__name__)

_OLDER = 8
"""How many whole pages of older events are kept."""
_AGAIN = 1.0
"""Seconds before the log is followed again, at the most."""
_BEHIND = 3
"""How often in a row the log may be found to have grown though nothing arrives."""


class LogGap(Exception):
    """A read of the log left a position out; nothing after it may be folded."""


@dataclass(slots=True)
class LogEntry:
    """A stored event, decoded when the first view asks for it."""

    envelope: Envelope
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """How a reader goes over events that do not concern it without being woken, as most do most readers not."""

    types: Collection[str]
    """Of which it is to be given events."""
    passed: Callable[[int, int], None]
    """Told the position that it has gone on to, and over how many events."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A reader who has read everything up to a position."""

    position: int
    passing: Passing | None
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class LogSource(Protocol):
    """What a follower reads from; see `Pages`."""

    @property
    def head(self) -> int: ...

    @property
    def read_at(self) -> float: ...

    async def after(
        self, position: int, *, wait: float, passing: Passing | None = None
    ) -> list[LogEntry]: ...

    def event(self, entry: LogEntry) -> Event: ...


class Pages:
    """Pages of the log by position, for many readers at different places.

    ``size`` is the most events in a page. The newest ``4 * size`` events are kept as they arrive, or up to
    twice as many, and a few whole pages of older ones, with the next one read ahead, for lanes that refill.
    """

    def __init__(self, log: Log, codec: Codec, *, size: int = 2000, poll: float = 2.0) -> None:
        self._log = log
        self._codec = codec
        self._size = size
        self._poll = poll
        self._tail: LogTail[LogEntry] = LogTail(_size, most=8 * size)
        self._older: LRUCache[int, asyncio.Task[list[LogEntry]]] = LRUCache(_OLDER)
        self._waiting: set[_Waiting] = set()
        self._hanging, self._behind = asyncio.Event(), 0
        self.read_at = 0.0
        """When the log was last read, by the event loop's clock."""

    @property
    def head(self) -> int:
        """The last position known to be committed."""
        return self._tail.head

    async def run(self) -> None:
        """Follow the log until cancelled; whatever fails is tried again."""
        while True:
            try:
                self._began_at(await self._log.head())
                await self._follow()
            except asyncio.CancelledError:
                raise
            except Exception:
                _logger.exception("The log cannot be read; trying again.")
            await asyncio.sleep(min(self._poll, _AGAIN))

    async def after(self, position: int, *, wait: float, passing: Passing | None = None) -> list[LogEntry]:
        """At most a page of the events after ``position``, in order and without gaps.

        Waits up to ``wait`` seconds when there are none, and then answers an empty list. While it waits, a reader
        may be ``passing``: what is answered then comes after the position that it was told last.
        """
        if position >= self.head:
            position = await self._waited(_Waiting(position, passing), wait)
            if position >= self.head:
                return []
        newest = self._tail.after(position, self._size)
        return await self._read(position) if newest is None else newest

    def heard(self, head: int) -> None:
        """Somebody has just read up to where the log reaches. Where that is further than what arrives, again and
        again, it is followed again: a follower may hang."""
        self.read_at = asyncio.get_running_loop().time()
        self._behind = self._behind + 1 if head > self.head else 0
        if self._behind > _BEHIND:
            _logger.warning("Nothing arrives although the log has grown to %s; following again.", head)
            self._hanging.set()

    def event(self, entry: LogEntry) -> Event:
        """The entry's event. Raises as `Codec.decode` does."""
        if entry.event is None:
            entry.event = self._codec.decode(entry.envelope)
        return entry.event

    def read_age(self) -> float:
        """How many seconds ago the log was last read."""
        return asyncio.get_running_loop().time() - self.read_at

    async def _follow(self) -> None:
        """Take pages as they come, until the follower hangs; where nobody else has asked for the head in a while,
        ask for it."""
        self._hanging.clear()
        self._behind = 0
        follow = aiter(self._log.follow(after=self.head))
        coming: asyncio.Task[list[Envelope]] = asyncio.ensure_future(_next(follow))
        hanging = asyncio.ensure_future(self._hanging.wait())
        try:
            while not self._hanging.is_set():
                done, _ = await asyncio.wait(
                    (coming, hanging), timeout=self._poll, return_when=asyncio.FIRST_COMPLETED
                )
                if coming in done:
                    self._append(coming.result())
                    coming, self._behind = asyncio.ensure_future(_next(follow)), 0
                elif not done and self.read_age() >= self._poll:
                    self.heard(await self._log.head())
        finally:
            await end(coming, hanging)

    async def _waited(self, waiting: _Waiting, seconds: float) -> int:
        """Wait for an event that concerns a reader; where it is then."""
        self._waiting.add(waiting)
        try:
            await happens(waiting.woken, within=seconds)
        finally:
            self._waiting.discard(waiting)
        return waiting.position

    def _append(self, page: list[Envelope]) -> None:
        before, entries = self.head, fresh(self.head, (LogEntry(envelope) for envelope in page))
        self._tail.extend(entries)
        self.read_at = asyncio.get_running_loop().time()
        types = {entry.envelope.type for entry in entries}
        for waiting in self._waiting:
            passing = waiting.passing
            if waiting.woken.is_set() or waiting.position >= self.head:
                continue
            if passing is None or waiting.position != before or any(type in passing.types for type in types):
                waiting.woken.set()
            else:
                waiting.position = self.head
                passing.passed(self.head, len(entries))

    def _began_at(self, head: int) -> None:
        self.read_at = asyncio.get_running_loop().time()
        if head != self.head:
            self._tail.begin(head)
            for waiting in self._waiting:
                waiting.woken.set()

    async def _read(self, position: int) -> list[LogEntry]:
        """Older pages lie on multiples of their size, so that lanes that refill side by side share them."""
        number = position // self._size
        if (number + 1) * self._size > self.head:
            return await self._fetch(position, self.head)
        page = self._page(number)
        if (number + 2) * self._size <= self.head:
            self._page(number + 1)
        try:
            entries = await asyncio.shield(page)
        except Exception:
            self._older.pop(number, None)
            raise
        return entries[position - number * self._size :]

    def _page(self, number: int) -> "asyncio.Task[list[LogEntry]]":
        page = self._older.get(number)
        if page is None:
            first = number * self._size
            page = self._older[number] = asyncio.create_task(self._fetch(first, first + self._size))
            page.add_done_callback(_retrieved)
        return page

    async def _fetch(self, after: int, until: int) -> list[LogEntry]:
        envelopes = await self._log.read(after=after, until=until, limit=self._size)
        self.read_at = asyncio.get_running_loop().time()
        entries = fresh(after, (LogEntry(envelope) for envelope in envelopes))
        if not entries:
            raise LogGap(f"The log answers nothing after position {after}, though it reaches to {until}.")
        return entries


def fresh(after: int, entries: Iterable[LogEntry]) -> list[LogEntry]:
    """The entries behind ``after``, each once: what is delivered again is dropped. Raises LogGap when one
    is missing."""
    read = list(entries)
    # As it nearly always is, and every lane asks.
    if [entry.envelope.position for entry in read] == list(range(after + 1, after + 1 + len(read))):
        return read
    new: list[LogEntry] = []
    expected = after + 1
    for entry in read:
        position = entry.envelope.position
        if position > expected:
            raise LogGap(f"Position {position} came where {expected} was due.")
        if position == expected:
            new.append(entry)
            expected += 1
    return new


def _size(entry: LogEntry) -> int:
    return len(entry.envelope.payload)


async def _next(follow: AsyncIterator[list[Envelope]]) -> list[Envelope]:
    return await anext(follow)


def _retrieved(task: "asyncio.Task[list[LogEntry]]") -> None:
    """A page that was read ahead and failed is read again when it is due; nobody need hear of it."""
    if not task.cancelled():
        task.exception()
