"""The graphql-sse protocol with one connection for each operation ("distinct connections")."""

import asyncio
from collections.abc import Callable, Mapping
from random import randint

from starlette.types import Receive, Scope, Send

from api.kit.execution.error_codes import ErrorCode
from api.kit.execution.errors import FormattedError, encode_errors
from api.kit.execution.limits import Limits
from api.kit.http.pacing import leave
from api.kit.http.streams import COMPLETED, GOING_AWAY, MOVED, SLOW_CLIENT, CloseReason, Outbox, Streams

_CODES: Mapping[CloseReason, ErrorCode] = {
    SLOW_CLIENT: "SLOW_CLIENT",
    GOING_AWAY: "GOING_AWAY",
    MOVED: "TENANT_MOVED",
}
_RETRY = (500, 2_500)
"""Milliseconds, within which a client is asked to wait before it connects again: not all of them at once."""
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"vary", b"accept"),
    (b"x-content-type-options", b"nosniff"),
    # nginx would gather events before it passes them on.
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """The answer to one operation as server-sent events: `next` for each result, then `complete`.

    What ends it early breaks it off without `complete`, for then clients connect again, and ask for another token
    first; the reason is told in a comment. To an error as a last `next` they would give up.
    """

    def __init__(self, limits: Limits, lifetime: float | None = None) -> None:
        self.outbox = Outbox(limits.queued_messages, limits.answer_bytes)
        self.outbox.expire(lifetime)
        self._limits = limits

    def next(self, answer: str, cursor: str | None = None) -> None:
        """Send an answer, and the cursor as the event's id, which browsers send back in `Last-Event-ID`."""
        id = "" if cursor is None else f"id: {cursor}\n"
        self.outbox.put("event: next\n", id, "data: ", answer, "\n\n")

    def refuse(self, errors: list[FormattedError]) -> None:
        """Send errors and completes."""
        self.next(encode_errors(errors).decode())
        self.complete()

    def complete(self) -> None:
        """End the stream once everything was sent."""
        self.outbox.end(COMPLETED)

    async def ready(self) -> None:
        """Wait until the client has taken most of what it was given."""
        await self.outbox.room(self._limits.slow_client_seconds)

    def ping(self) -> None:
        """Send a comment, which clients ignore."""
        self.outbox.ping(":\n\n")

    async def serve(
        self,
        start: Callable[["EventStream"], Callable[[], object]],
        streams: Streams,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Run until the operation completes or the client leaves; `start` gives what stops the operation."""
        stop = start(self)
        try:
            if await streams.serve(self, self._limits, _until_gone(receive), self._write(send)):
                leave(scope)
        finally:
            stop()

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        # Headers leave with the first piece of the body, and clients wait for them.
        await _send_text(send, f":\nretry: {randint(*_RETRY)}\n\n")
        while (message := await self.outbox.take()) is not None:
            async with asyncio.timeout(self._limits.stall_seconds):
                await _send_text(send, message)
        ending = self.outbox.ending
        last = "event: complete\ndata:\n\n"
        if ending is not None and ending is not COMPLETED:
            # Where the tenant is by then is another log: an empty id makes the client forget the last one.
            forgotten = "id:\n" if ending is MOVED else ""
            last = (
                f"{forgotten}: {_CODES.get(ending, 'UNAUTHENTICATED')} {' '.join(ending.reason.split())}\n\n"
            )
        await _send_text(send, last, more=False)


async def _send_text(send: Send, text: str, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
