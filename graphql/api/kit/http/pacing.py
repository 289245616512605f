"""Responses sent piece by piece, for as long as the client takes them."""

import asyncio
import logging

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LEFT = "headwater.left"
"""In the extensions of a request: what tells the server that an answer stays unfinished, as nobody takes it."""
_PIECE = 64 * 1024
_logger = logging.getLogger(__name__)


def leave(scope: Scope) -> None:
    """Give up an answer that its client does not take; whoever returns then has the connection closed."""
    _logger.info("A client was left that takes nothing of what it is sent.")
    if (left := (scope.get("extensions") or {}).get(LEFT)) is not None:
        left()


class Paced:
    """Sends a response in pieces, and gives it up when the client takes none for so many seconds.

    Sent in one go it would lie in the server's buffer for as long as a client stays that does not read. Once it
    is given up the server closes the connection, so that nobody takes half an answer for a whole one: it ends
    before its `content-length`.
    """

    def __init__(self, response: Response, stall_seconds: float) -> None:
        self._response = response
        self._seconds = stall_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = self._response.raw_headers
        await send({"type": "http.response.start", "status": self._response.status_code, "headers": headers})
        body = memoryview(self._response.body)
        try:
            for start in range(0, max(len(body), 1), _PIECE):
                piece = bytes(body[start : start + _PIECE])
                more = start + _PIECE < len(body)
                async with asyncio.timeout(self._seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": more})
        except TimeoutError:
            leave(scope)
