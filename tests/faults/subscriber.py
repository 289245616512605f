"""One subscriber: watches, is cut off, and goes on from the last cursor that it was given."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from tests.kit.client import Client

_CUT = (httpx.HTTPError, WebSocketException, OSError, TimeoutError, EOFError, AssertionError)
"""What a client sees of a connection that ended or could not be made."""


@dataclass(slots=True)
class Subscriber:
    """Watches ``operation`` from right after ``since``, over SSE or a WebSocket."""

    name: str
    client: Client
    operation: str
    since: int
    chance: Random
    sse: bool = False
    seen: list[int] = field(default_factory=list)
    """The cursors of the messages, in the order in which they came."""
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """What it was told that it missed: after the one cursor, up to the other."""
    resumed: int = 0
    last_error: str = ""

    @property
    def cursor(self) -> int:
        """Where it would resume."""
        return max([self.since, *self.seen[-1:], *(to for _, to in self.gaps[-1:])])

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                # A client on the move: it leaves by itself as well.
                async with asyncio.timeout(self.chance.uniform(1, 6)), self._watching() as messages:
                    async for message in messages:
                        if not self._take(message):
                            break
            except _CUT as error:
                self.last_error = repr(error)
            self.resumed += 1
            await asyncio.sleep(0.2)

    def _watching(self) -> AbstractAsyncContextManager[AsyncGenerator[Any, None]]:
        watch = self.client.streaming if self.sse else self.client.watching
        return watch(self.operation, resumeFrom=str(self.cursor))

    def _take(self, message: Any) -> bool:
        """Note a message; False for one that ends the stream."""
        if "errors" in message:
            self.last_error = str(message["errors"])
            return False
        cursor = int(message["cursor"])
        if "reason" in message:
            self.gaps.append((self.cursor, cursor))
        else:
            self.seen.append(cursor)
        return True

    def findings(self, expected: list[int]) -> list[str]:
        """What is wrong, given the positions after ``since`` that it had to see."""
        wanted = [
            position for position in expected if not any(after < position <= to for after, to in self.gaps)
        ]
        if self.seen == wanted:
            return []
        missing = sorted(set(wanted) - set(self.seen))
        foreign = sorted(set(self.seen) - set(expected))
        doubled = sorted({position for position in self.seen if self.seen.count(position) > 1})
        kinds = {"missed": missing, "saw twice": doubled, "saw of others": foreign}
        findings = [f"{kind} {found[:5]} ({len(found)})" for kind, found in kinds.items() if found]
        about = "; ".join(findings) or "saw them out of order"
        return [f"{self.name} {about}; resumed {self.resumed} times, last error {self.last_error}"]


async def ended(tasks: "list[asyncio.Task[None]]") -> None:
    """Cancel tasks and wait for them; what one of them died of rises."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
