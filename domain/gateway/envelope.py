"""The envelope of an event from outside: what it must and may say."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from domain.gateway.outcomes import EventViolation
from domain.kit.ids import read_id, spelled
from domain.kit.refusals import MOST, ViolationCode
from domain.kit.sealed import resembles_sealed
from domain.kit.text import visible_length


class EventCategory(StrEnum):
    """The category of an event's type."""

    USER = "user"
    BUSINESS = "business"
    SYSTEM = "system"
    INTEGRATION = "integration"
    ML = "ml"


MAX_SKEW = timedelta(minutes=5)
"""How far ahead of our clock an event's time may be."""
CATEGORIES: Mapping[str, EventCategory] = {
    "user": EventCategory.USER,
    "session": EventCategory.USER,
    "system": EventCategory.SYSTEM,
    "integration": EventCategory.INTEGRATION,
    "webhook": EventCategory.INTEGRATION,
    "ml": EventCategory.ML,
    "ai": EventCategory.ML,
}
"""The category of an event by the first part of its type; all others are business."""

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_REFERENCE = re.compile(r"[A-Za-z0-9._:/=+~|-]+")
LONGEST_REFERENCE = 200

# An event is JSON of any shape, hence Any.
Json = Any


@dataclass(slots=True)
class IncomingEvent:
    """An event as a source sent it, read and found to be well formed."""

    event_id: UUID
    type: str
    occurred_at: datetime
    payload: Mapping[str, Json]
    metadata: Mapping[str, Json]
    source: str | None
    version: str | None
    correlation_id: str | None
    user_id: str | None
    session_id: str | None
    environment: str | None
    region: str | None

    @property
    def category(self) -> EventCategory:
        """Which of the five categories its type belongs to."""
        return CATEGORIES.get(self.type.partition(".")[0], EventCategory.BUSINESS)

    @property
    def order_id(self) -> str | None:
        """The order that it is about, where its payload names one."""
        found = self.payload.get("orderId")
        return spelled(found) if isinstance(found, str) and is_reference(found) else None

    @property
    def ids(self) -> dict[str, str]:
        """The ids that it says, each as it is known."""
        said = {
            "eventId": str(self.event_id),
            "correlationId": self.correlation_id,
            "userId": self.user_id,
            "sessionId": self.session_id,
        }
        return {name: id for name, id in said.items() if id is not None}


class _Wrong(ValueError):
    def __init__(self, reason: str, code: ViolationCode = ViolationCode.FORMAT) -> None:
        self.reason, self.code = reason, code


Read = Callable[[Json], Any]

_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")


def type_fault(name: str) -> EventViolation | None:
    """What is wrong with a type that is no other name of one that is registered."""
    if _TYPE.fullmatch(name):
        return None
    message = (
        "eventType must be words of small letters with dots between, or another name of a registered type."
    )
    return EventViolation("envelope", ViolationCode.FORMAT, ("eventType",), message)


def read_event(value: Json, received_at: datetime) -> IncomingEvent | list[EventViolation]:
    """The event that a JSON value says, or all that is wrong with its envelope."""
    if not isinstance(value, dict):
        return [EventViolation("envelope", ViolationCode.FORMAT, (), "An event must be a JSON object.")]
    said: dict[str, Any] = {}
    wrong: list[EventViolation] = []
    for name, (read, required) in _MEMBERS.items():
        given = value.get(name)
        if given is None:
            if required:
                wrong.append(
                    EventViolation("envelope", ViolationCode.REQUIRED, (name,), f"{name} is required.")
                )
            said[name] = None
            continue
        try:
            said[name] = read(given)
        except _Wrong as error:
            wrong.append(EventViolation("envelope", error.code, (name,), f"{name} {error.reason}."))
    wrong += (_unknown((name,)) for name in islice(value.keys() - _MEMBERS.keys(), MOST))
    occurred_at = said.get("timestamp")
    if occurred_at is not None and occurred_at > received_at + MAX_SKEW:
        minutes = int(MAX_SKEW.total_seconds() // 60)
        message = f"timestamp is more than {minutes} minutes ahead of our clock."
        wrong.append(EventViolation("skew", ViolationCode.OUT_OF_RANGE, ("timestamp",), message))
    payload, metadata = _data(value.get("data"), wrong)
    if wrong:
        return wrong[:MOST]
    return IncomingEvent(
        event_id=said["eventId"],
        type=said["eventType"],
        occurred_at=said["timestamp"],
        payload=payload,
        metadata=metadata,
        source=said["eventSource"],
        version=said["version"],
        correlation_id=said["correlationId"],
        user_id=said["userId"],
        session_id=said["sessionId"],
        environment=said["environment"],
        region=said["region"],
    )


def read_instant(value: Json) -> datetime:
    """The instant that a text with an offset from UTC says, in UTC. Raises ValueError with a verb phrase."""
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _Wrong("must be a date and time as 2030-01-31T12:00:00Z")
    if found["offset"] is None:
        raise _Wrong("must have an offset from UTC, as 2030-01-31T12:00:00Z")
    try:
        instant = datetime.fromisoformat(found[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Wrong("is no date and time that there is") from None
    if instant < _EARLIEST or instant.year > 9000:
        raise _Wrong("is outside the years 1900 to 9000", ViolationCode.OUT_OF_RANGE)
    return instant


def event_id_of(value: Json) -> UUID | None:
    """The id that an event says, however wrong the rest of it is."""
    try:
        return read_id(value.get("eventId")) if isinstance(value, dict) else None
    except ValueError:
        return None


def _data(data: Json, wrong: list[EventViolation]) -> tuple[dict[str, Json], dict[str, Json]]:
    if data is None or not isinstance(data, dict):
        return {}, {}
    payload, metadata = data.get("payload"), data.get("metadata", {})
    if payload is None:
        path = ("data", "payload")
        wrong.append(EventViolation("envelope", ViolationCode.REQUIRED, path, "data.payload is required."))
    for name, part in (("payload", payload), ("metadata", metadata)):
        if part is not None and not isinstance(part, dict):
            message = f"data.{name} must be a JSON object."
            wrong.append(EventViolation("envelope", ViolationCode.FORMAT, ("data", name), message))
    strange = islice(data.keys() - {"payload", "metadata"}, MOST)
    wrong += (_unknown(("data", name)) for name in strange)
    return (
        payload if isinstance(payload, dict) else {},
        metadata if isinstance(metadata, dict) else {},
    )


def _unknown(path: tuple[str, ...]) -> EventViolation:
    path = tuple(part[:100].encode(errors="replace").decode() for part in path)
    message = f"{'.'.join(path)} is no member of an event."
    return EventViolation("envelope", ViolationCode.UNSUITABLE, path, message)


def _id(value: Json) -> UUID:
    try:
        return read_id(value)
    except ValueError:
        raise _Wrong("must be a UUID as 018f0000-0000-7000-8000-000000000000") from None


def _text(pattern: str, most: int, otherwise: str) -> Read:
    compiled = re.compile(pattern)

    def read(value: Json) -> str:
        if not isinstance(value, str):
            raise _Wrong("must be a text")
        if len(value) > most:
            raise _Wrong(f"has more than {most} characters", ViolationCode.TOO_LONG)
        if not compiled.fullmatch(value):
            raise _Wrong(otherwise)
        if not visible_length(value):
            raise _Wrong("must not be blank", ViolationCode.TOO_SHORT)
        if resembles_sealed(value):
            raise _Wrong("looks like a sealed text")
        return value

    return read


def _object(value: Json) -> Json:
    if not isinstance(value, dict):
        raise _Wrong("must be a JSON object")
    return value


def is_reference(text: str) -> bool:
    """Whether a text may name a user, a session or an order."""
    return len(text) <= LONGEST_REFERENCE and _REFERENCE.fullmatch(text) is not None


_text_of_reference = _text(
    _REFERENCE.pattern,
    LONGEST_REFERENCE,
    "must be letters, digits and . _ : / = + ~ | - (an address is no id)",
)


def _reference(value: Json) -> str:
    text: str = _text_of_reference(value)
    return spelled(text)


_word = _text("[a-z0-9][a-z0-9_-]*", 50, "must be small letters, digits, - and _")
_MEMBERS: Mapping[str, tuple[Read, bool]] = {
    "eventId": (_id, True),
    "eventType": (
        _text(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*", 100, "must be words of small letters with dots between"),
        True,
    ),
    "timestamp": (read_instant, True),
    "data": (_object, True),
    "eventSource": (
        _text("[^\x00-\x1f\x7f\x85\u2028\u2029\u202d\u202e\ud800-\udfff]+", 100, "must be one line of text"),
        False,
    ),
    "version": (_text(r"[0-9A-Za-z][0-9A-Za-z.+-]*", 20, "must be a version as 1 or 1.2.0"), False),
    "correlationId": (_reference, False),
    "userId": (_reference, False),
    "sessionId": (_reference, False),
    "environment": (_word, False),
    "region": (_word, False),
}
"""How each member is read, and whether it must be there."""


def members() -> Collection[str]:
    """What an event may say of itself."""
    return _MEMBERS.keys()
