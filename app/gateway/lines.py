"""Bodies as they come in, piece by piece: bounded in size and in time, and as lines where they are lines."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from domain.gateway.outcomes import LARGEST_EVENT

_SECONDS = 30.0
"""For a whole body of JSON, and for each piece of a body of lines."""
_LONGEST = 600.0
"""Seconds for all lines of a body."""


class BodyTooSlow(Exception):
    """A body does not come."""


class BodyTooLarge(Exception):
    """A body has more bytes than are taken."""


async def body_of(request: Request, most: int) -> bytes:
    """A body of so many bytes at most. Raises BodyTooLarge and BodyTooSlow."""
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise BodyTooLarge(f"The body has more than {most} bytes.")
    except TimeoutError:
        raise BodyTooSlow from None
    return bytes(body)


async def lines_of(request: Request) -> AsyncIterator[bytes]:
    """The lines of a body that are not blank, as they come in. Of one that is too long no more is kept than tells
    that it is. Raises BodyTooSlow."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _LONGEST
    pending, stream = b"", request.stream()
    while True:
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + _SECONDS)):
                part = await anext(stream, None)
        except TimeoutError:
            raise BodyTooSlow from None
        if part is None:
            break
        first, *others = part.split(b"\n")
        pending = _bounded(pending, first)
        for line in others:
            if pending.strip():
                yield pending
            pending = _bounded(b"", line)
    if pending.strip():
        yield pending


def _bounded(line: bytes, more: bytes) -> bytes:
    return line + more[: max(LARGEST_EVENT + 1 - len(line), 0)]
