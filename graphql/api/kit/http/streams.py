"""Open connections of one process: what waits to be sent on each, and how all of them end."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from sys import getsizeof
from typing import Any, Protocol

from api.kit.execution.limits import Limits
from projections.kit.background import happens


@dataclass(frozen=True)
class CloseReason:
    """Why a connection ends: a WebSocket close code, one that lets clients connect again, and a reason of at most
    123 bytes."""

    code: int
    reason: str


COMPLETED = CloseReason(1000, "Completed")
SLOW_CLIENT = CloseReason(1013, "Slow client: too much was waiting to be read")
# Clients of graphql-transport-ws take 4401 for the end of all hope, and ask for another token after 4403.
EXPIRED = CloseReason(4403, "The token has expired: connect again with another one")
GOING_AWAY = CloseReason(1001, "The server is going away")
MOVED = CloseReason(1012, "The tenant has moved to another place: subscribe again, and read the state again")


class Outbox:
    """Messages on their way to one client, in pieces so that clients share what is the same for all.

    `put` never waits: a client that lets more than `limit` messages, or `limit_bytes` of them, gather is ended
    as slow, and what it had not read is dropped with that reason. One message alone may be larger.
    """

    def __init__(self, limit: int, limit_bytes: int = 10_000_000) -> None:
        self.ending: CloseReason | None = None
        self.on_end: Callable[[], object] = lambda: None
        self.is_in_place: Callable[[], bool] = lambda: True
        """Whether what the client reads still comes from where its tenant is."""
        self._expiry: asyncio.TimerHandle | None = None
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._taken = 0
        self._messages: deque[tuple[tuple[str, ...], int]] = deque()
        self._filled = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()

    def put(self, *pieces: str) -> None:
        """Add one message."""
        if self.ending is not None:
            return
        # What they take in memory: a text of emoji takes four bytes for each of its characters.
        size = sum(map(getsizeof, pieces))
        full = len(self._messages) >= self._limit or self._bytes + size > self._limit_bytes
        if full and self._messages:
            self._drop()
            self.end(SLOW_CLIENT)
            return
        self._messages.append((pieces, size))
        self._bytes += size
        self._filled.set()
        if self._half_full():
            self._roomy.clear()

    def end(self, ending: CloseReason) -> None:
        """Nothing more will be put; what is waiting is still sent. The first ending counts."""
        if self.ending is None:
            self.ending = ending
            self._filled.set()
            self._roomy.set()
            self.on_end()

    def cut(self, ending: CloseReason) -> None:
        """End at once: what was waiting is dropped, for it is not the client's to read any more."""
        if self.ending is None:
            self._drop()
        self.end(ending)

    def expire(self, seconds: float | None) -> None:
        """End after this time, which is how long the client's token is good; None is for ever."""
        if seconds is not None:
            self._expiry = asyncio.get_running_loop().call_later(max(seconds, 0), self.end, EXPIRED)

    def discard(self) -> None:
        """The connection is gone: nothing is waited for any more."""
        self._drop()
        if self._expiry is not None:
            self._expiry.cancel()

    def ping(self, *pieces: str) -> None:
        """Add a message unless others are waiting, which keep the connection alive as well."""
        if not self._messages:
            self.put(*pieces)

    async def take(self) -> str | None:
        """The next message, waiting for it; None once the outbox has ended and is empty."""
        while not self._messages:
            if self.ending is not None:
                return None
            self._filled.clear()
            await self._filled.wait()
        pieces, size = self._messages.popleft()
        self._bytes -= size
        self._taken += 1
        if not self._half_full():
            self._roomy.set()
        return "".join(pieces)

    async def room(self, seconds: float) -> None:
        """Wait until half of it is free; a client that takes nothing for so many seconds is ended as slow.

        Of those who wait at the same time the first to be woken may fill it again.
        """
        while not self._roomy.is_set():
            taken = self._taken
            in_time = await happens(self._roomy, within=seconds)
            if not in_time and taken == self._taken and self.ending is None:
                self._drop()
                self.end(SLOW_CLIENT)

    def _half_full(self) -> bool:
        return 2 * len(self._messages) > self._limit or 2 * self._bytes > self._limit_bytes

    def _drop(self) -> None:
        self._messages.clear()
        self._bytes = 0


class Stream(Protocol):
    """One connection that stays open."""

    outbox: Outbox

    def ping(self) -> None:
        """Send something that keeps proxies from closing the connection."""


class Streams:
    """The open connections of one process; close them before the server stops.

    uvicorn waits for streaming answers before it runs lifespan shutdown, so `close` belongs before its own:

        class Server(uvicorn.Server):
            async def shutdown(self, sockets=None):
                await streams.close()
                await super().shutdown(sockets)
    """

    def __init__(self) -> None:
        self.closing = False
        self._open: set[Stream] = set()
        self._none_open = asyncio.Event()
        self._pings: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    async def serve(
        self,
        stream: Stream,
        limits: Limits,
        reading: Coroutine[Any, Any, None],
        writing: Coroutine[Any, Any, None],
    ) -> bool:
        """Run both directions of a connection until the client leaves or the outbox has ended; whether it was left
        as it takes nothing.

        A client that does not even take its dismissal is left after `limits.slow_client_seconds`.
        """
        tasks = (asyncio.create_task(reading), asyncio.create_task(writing))
        loop = asyncio.get_running_loop()

        def on_end() -> None:
            if stream.outbox.ending is not COMPLETED:
                loop.call_later(limits.slow_client_seconds, tasks[1].cancel)

        stream.outbox.on_end = on_end
        self._enter(stream, limits)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            wrote = tasks[1]
            left = wrote.done() and (wrote.cancelled() or isinstance(wrote.exception(), TimeoutError))
        finally:
            self._leave(stream)
            stream.outbox.discard()
            for task in tasks:
                task.cancel()
        for task in tasks:
            # ASGI servers raise an OSError when they send to a client that is gone, and a TimeoutError is one:
            # it takes nothing any more.
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task
        return left

    async def close(self, seconds: float = 0.8) -> None:
        """End every stream as going away and wait for them, at most `seconds`."""
        self.closing = True
        for stream in tuple(self._open):
            stream.outbox.end(GOING_AWAY)
        if self._open:
            await happens(self._none_open, within=seconds)

    def leave_moved(self) -> None:
        """End every stream whose tenant has moved elsewhere, for it would hear nothing more."""
        for stream in tuple(self._open):
            if not stream.outbox.is_in_place():
                stream.outbox.end(MOVED)

    def _enter(self, stream: Stream, limits: Limits) -> None:
        self._open.add(stream)
        self._none_open.clear()
        if self.closing:
            stream.outbox.end(GOING_AWAY)
        elif not stream.outbox.is_in_place():
            stream.outbox.end(MOVED)
        if self._pings is None:
            self._pings = asyncio.create_task(self._ping(limits.keepalive_seconds))

    def _leave(self, stream: Stream) -> None:
        self._open.discard(stream)
        if not self._open:
            self._none_open.set()
            if self._pings is not None:
                self._pings.cancel()
                self._pings = None

    async def _ping(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            for stream in tuple(self._open):
                stream.ping()
