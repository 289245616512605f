"""Conditional requests: a client that holds an answer still asks, and is only told that it is good (ADR 41)."""

import re
from collections.abc import Sequence
from hashlib import blake2b

from starlette.responses import Response

_POSITION = re.compile(rb'"position":"\d+"\}\}$')
"""How the extensions of an answer end, and the answer with them (`ReadPosition.told`)."""
KEPT = "private, no-cache"
"""Its own client may keep it, and asks about it each time."""


def tag(body: bytes) -> str:
    """The entity tag of an answer; not of the position it was read at, which grows with whatever anybody does.

    Who keeps the answer keeps the former position, from where a subscription misses nothing either.
    """
    return f'"{blake2b(_POSITION.sub(b"", body), digest_size=16).hexdigest()}"'


def conditional(response: Response, etag: str, caching: str, if_none_match: Sequence[str]) -> Response:
    """The response with its tag; 304 when the client has it already."""
    headers = {"cache-control": caching, "etag": etag, "vary": "accept, authorization, cookie"}
    if _matches(etag, if_none_match):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _matches(etag: str, given: Sequence[str]) -> bool:
    tags = {tag.strip().removeprefix("W/") for line in given for tag in line.split(",")}
    return etag in tags or "*" in tags
