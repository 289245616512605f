"""How processes call addresses that tenants name: one port for whatever the product sends out on their behalf."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What is sent, where to."""

    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came back, whatever its status is: redirects are not followed."""

    status: int
    headers: Mapping[str, str]
    """By names in small letters; of several of one name the last."""
    body: bytes
    """The beginning at the most, never for the eyes of a tenant: it may be what only this network can read."""


def pause_of(answer: HttpAnswer, now: datetime) -> float:
    """The seconds that an answer asks to wait, whatever its status; 0 where it says nothing that can be read."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return 0
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


class HttpFailure(StrEnum):
    """Why there is no answer."""

    ADDRESS = "address_not_allowed"
    """The address may not be called: nothing was sent."""
    NAME = "host_not_found"
    """The host has no address, or none that may be called: which of the two, would tell of this network."""
    CONNECTION = "cannot_connect"
    TLS = "tls_failed"
    TIMEOUT = "timed_out"
    BROKEN = "connection_broken"
    """The connection broke, or what came was no HTTP. Whether the request arrived is not known."""


class NoHttpAnswer(Exception):
    """There is no answer to a request; ``failure`` says why, and nothing of what only this network knows."""

    def __init__(self, failure: HttpFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class HttpClient(Protocol):
    """Calls addresses outside that others have named, and none of this network."""

    async def send(
        self, request: HttpRequest, *, seconds: float, add: Callable[[bytes], Awaitable[None]] | None = None
    ) -> HttpAnswer:
        """Send once and read the answer, within so many seconds in all. ``add`` takes what comes of a good answer
        (2xx) in place of its body, part by part and however much it is. Raises NoHttpAnswer and what ``add`` does.
        """
        ...
