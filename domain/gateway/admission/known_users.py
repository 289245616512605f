"""Users whom events name: which events introduce them, and what is said of those whom none has introduced."""

from domain.gateway.envelope import IncomingEvent, is_reference
from domain.gateway.outcomes import EventViolation
from domain.gateway.schemas.built_in import built_in
from domain.kit.refusals import ViolationCode

USER_EXISTS = "user_exists"
"""The rule that events name users who are known."""
UNKNOWN_USER = EventViolation(
    USER_EXISTS,
    ViolationCode.UNSUITABLE,
    ("userId",),
    "userId names nobody who is known: no event has introduced them, and they are no person of the tenant.",
)
_INTRODUCES = "user.registered"


def introduces(event: IncomingEvent) -> bool:
    """Whether an event makes a user known."""
    return built_in(event.type) == _INTRODUCES


def introduced(event: IncomingEvent) -> str | None:
    """The user whom it makes known: the one of its payload, or else the one that it names."""
    named = event.payload.get("userId")
    return named if isinstance(named, str) and is_reference(named) else event.user_id
