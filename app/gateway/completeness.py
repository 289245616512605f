"""How much of its envelope an event says, of what the way by which it comes can carry."""

from functools import cache

from domain.gateway.cloud_events import ENVELOPE
from domain.gateway.envelope import IncomingEvent
from domain.gateway.outcomes import EventForm, ReceivedEvent

_REQUIRED = 4
_OPTIONAL = ("eventSource", "version", "correlationId", "userId", "sessionId", "environment", "region")
_FILLED_IN = frozenset(_OPTIONAL) - {"userId", "sessionId"}
_OF_CLOUD_EVENTS = frozenset(ENVELOPE.values())
_OF_PULLS = frozenset({"correlationId"})


def said_of(
    received: ReceivedEvent, incoming: IncomingEvent, *, of_provider: bool
) -> tuple[int, int, tuple[str, ...]]:
    """How much of its envelope an event says, of how much that it could, and what of the rest is filled in.
    ``of_provider``: its source takes the callbacks of a provider."""
    return _said(
        _carried(received, of_provider=of_provider),
        incoming.source is None,
        incoming.version is None,
        incoming.correlation_id is None,
        incoming.user_id is None,
        incoming.session_id is None,
        incoming.environment is None,
        incoming.region is None,
    )


def _carried(received: ReceivedEvent, *, of_provider: bool) -> frozenset[str]:
    """What the way by which it came in can say of an event beside what each must say."""
    # What is replayed came as a callback as well, though nothing says any more that it was signed.
    if received.once is not None or (of_provider and received.letter is not None):
        return frozenset()
    if received.pull is not None:
        return _OF_PULLS
    return _OF_CLOUD_EVENTS if received.form is EventForm.CLOUD_EVENT else frozenset(_OPTIONAL)


@cache
def _said(carried: frozenset[str], *missing: bool) -> tuple[int, int, tuple[str, ...]]:
    absent = {name for name, is_absent in zip(_OPTIONAL, missing, strict=True) if is_absent}
    said = _REQUIRED + len(carried - absent)
    return said, _REQUIRED + len(carried), tuple(sorted(absent & _FILLED_IN))
