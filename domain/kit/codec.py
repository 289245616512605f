"""The payload codec: how an event's fields become JSON in the log and come back, old versions included."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.kit.events import Event, event_class
from domain.kit.log import Envelope


class Codec(Protocol):
    """The one place where payloads pass on their way in and out; encryption per subject belongs here."""

    def encode(self, event: Event, *, tenant_id: UUID) -> bytes:
        """The payload as a JSON object in UTF-8."""
        ...

    def decode(self, envelope: Envelope) -> Event:
        """The event of an envelope. Raises LookupError for an unknown type, ValueError for a bad payload."""
        ...

    def decode_all(self, envelopes: Iterable[Envelope]) -> list[Event]:
        """The events of many envelopes, in order."""
        ...


class PlainCodec:
    """Payloads as they are."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def encode(self, event: Event, *, tenant_id: UUID) -> bytes:
        return self._encoder.encode(event)

    def decode(self, envelope: Envelope) -> Event:
        cls, decoder = _decoder(envelope.type)
        if envelope.version == cls.class_version:
            event = decoder.decode(envelope.payload)
        else:
            event = _upcast(cls, envelope)
        state = vars(event)
        state["originator_id"] = envelope.originator_id
        state["originator_version"] = envelope.originator_version
        state["timestamp"] = envelope.timestamp
        return event

    def decode_all(self, envelopes: Iterable[Envelope]) -> list[Event]:
        return [self.decode(envelope) for envelope in envelopes]


@cache
def _decoder(type_name: str) -> tuple[type[Event], "msgspec.json.Decoder[Event]"]:
    cls = event_class(type_name)
    return cls, msgspec.json.Decoder(cls)


def _upcast(cls: type[Event], envelope: Envelope) -> Event:
    """Follows the library's convention: ``upcast_v1_v2(state)`` changes the state in place."""
    if envelope.version > cls.class_version:
        raise ValueError(
            f"Position {envelope.position} holds {envelope.type} version {envelope.version}; "
            f"this code knows up to version {cls.class_version}."
        )
    # A payload of an older version has the shape that version had: any JSON object.
    state: dict[str, Any] = msgspec.json.decode(envelope.payload)
    for version in range(envelope.version, cls.class_version):
        getattr(cls, f"upcast_v{version}_v{version + 1}")(state)
    return msgspec.convert(state, cls)
