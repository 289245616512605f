"""Open connections of one process: what waits to be sent on each, and how all of them end."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

from api.kit.limits import Limits


@dataclass(frozen=True)
class Ending:
    """Why a connection ends: a WebSocket close code and a reason of at most 123 bytes."""

    code: int
    reason: str


SLOW_CLIENT = Ending(1013, "Slow client: too many messages were waiting")
GOING_AWAY = Ending(1001, "The server is going away")


class Outbox:
    """Messages on their way to one client, in pieces so that clients share what is the same for all.

    `put` never waits: a client that lets more than `limit` messages gather is ended as slow, and what it
    had not read is dropped with that reason.
    """

    def __init__(self, limit: int) -> None:
        self.ending: Ending | None = None
        self._limit = limit
        self._messages: deque[tuple[str, ...]] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()

    def put(self, *pieces: str) -> None:
        """Adds one message."""
        if self.ending is not None:
            return
        if len(self._messages) >= self._limit:
            self._messages.clear()
            self.end(SLOW_CLIENT)
            return
        self._messages.append(pieces)
        self._filled.set()
        self._emptied.clear()

    def end(self, ending: Ending) -> None:
        """Nothing more will be put; what is waiting is still sent. The first ending counts."""
        if self.ending is None:
            self.ending = ending
            self._filled.set()
            self._emptied.set()

    def ping(self, *pieces: str) -> None:
        """Adds a message unless others are waiting, which keep the connection alive as well."""
        if not self._messages:
            self.put(*pieces)

    async def take(self) -> str | None:
        """The next message, waiting for it; None once the outbox has ended and is empty."""
        while not self._messages:
            if self.ending is not None:
                return None
            self._filled.clear()
            await self._filled.wait()
        message = "".join(self._messages.popleft())
        if not self._messages:
            self._emptied.set()
        return message

    async def emptied(self, seconds: float) -> None:
        """Waits until everything was taken; a client that takes longer than `seconds` is ended as slow."""
        if self._emptied.is_set():
            return
        try:
            await asyncio.wait_for(self._emptied.wait(), seconds)
        except asyncio.TimeoutError:
            self._messages.clear()
            self.end(SLOW_CLIENT)


class Stream:
    """One connection that stays open."""

    outbox: Outbox

    def ping(self) -> None:
        """Sends something that keeps proxies from closing the connection."""
        raise NotImplementedError


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

    @contextlib.contextmanager
    def opened(self, stream: Stream, limits: Limits) -> "contextlib._GeneratorContextManager[None]":  # type: ignore[misc]
        """Counts the stream as open inside the `with`."""
        self._open.add(stream)
        self._none_open.clear()
        if self.closing:
            stream.outbox.end(GOING_AWAY)
        if self._pings is None:
            self._pings = asyncio.create_task(self._ping(limits.keepalive_seconds))
        try:
            yield
        finally:
            self._open.discard(stream)
            if not self._open:
                self._none_open.set()
                self._pings.cancel()
                self._pings = None

    async def close(self, seconds: float = 0.8) -> None:
        """Ends every stream as going away and waits for them, at most `seconds`."""
        self.closing = True
        for stream in tuple(self._open):
            stream.outbox.end(GOING_AWAY)
        if self._open:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._none_open.wait(), seconds)

    async def _ping(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            for stream in tuple(self._open):
                stream.ping()
