"""The payload codec: how an event's fields become JSON in the log and come back, old versions included."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.kit.events import Event, event_class
from domain.kit.log import Envelope
from domain.kit.sealed import fingerprint_of, is_sealed


class Codec(Protocol):
    """The one place where payloads pass on their way in and out; personal fields are sealed on the way in."""

    async def ready(self, tenant_id: UUID, events: Sequence[Event]) -> None:
        """Have the keys at hand that `encode` needs for these events, making those of new people.

        Raises SubjectErased, and KeysUnavailable or what the database raises when keys cannot be had.
        """
        ...

    def encode(self, event: Event, *, tenant_id: UUID) -> bytes:
        """The payload as a JSON object in UTF-8, personal fields sealed. Call it right after `ready`.

        Raises ValueError for a sealed text of another person or tenant in a personal field.
        """
        ...

    def fingerprint(self, name: str, value: str) -> str:
        """What is stored in place of a personal value that has to be found or unique, in hexadecimal digits.

        Equal values under one name have equal fingerprints. A sealed value gives the one that it carries;
        raises ValueError when it carries none.
        """
        ...

    def decode(self, envelope: Envelope) -> Event:
        """The event of an envelope, its personal fields as they are stored; this needs no keys.

        Raises LookupError for an unknown type, ValueError for a bad payload.
        """
        ...

    def decode_all(self, envelopes: Iterable[Envelope]) -> list[Event]:
        """The events of many envelopes, in order."""
        ...


class PlainCodec:
    """Payloads as they are."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    async def ready(self, tenant_id: UUID, events: Sequence[Event]) -> None:
        """Nothing is needed."""

    def encode(self, event: Event, *, tenant_id: UUID) -> bytes:
        return self._encoder.encode(event)

    def fingerprint(self, name: str, value: str) -> str:
        """A bare hash, for logs that hold the value itself beside it."""
        carried = carried_fingerprint(value)
        return carried or hashlib.sha256(f"{name}\0{value}".encode()).hexdigest()[:32]

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


def carried_fingerprint(value: str) -> str | None:
    """The fingerprint that a sealed value carries, None for a plain one. Raises ValueError as `fingerprint`."""
    if not is_sealed(value):
        return None
    found = fingerprint_of(value)
    if found is None:
        raise ValueError("This sealed value carries no fingerprint; its field is not marked as searchable.")
    return found


@cache
def _decoder(type_name: str) -> tuple[type[Event], "msgspec.json.Decoder[Event]"]:
    cls = event_class(type_name)
    return cls, msgspec.json.Decoder(cls)


def _upcast(cls: type[Event], envelope: Envelope) -> Event:
    """Follow the library's convention: ``upcast_v1_v2(state)`` changes the state in place."""
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
