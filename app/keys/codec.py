"""The codec that seals personal fields on their way into the log."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.keys.ring import KeyRing
from app.keys.sealed_text import EventPlace, SealedText, seal
from domain.kit.codec import PlainCodec, carried_fingerprint
from domain.kit.events import Event
from domain.kit.privacy.personal import PersonalField, personal_fields


class SealingCodec(PlainCodec):
    """Seals each personal field with the key of the person it is about. Empty texts stay as they are."""

    def __init__(self, ring: KeyRing) -> None:
        super().__init__()
        self._ring = ring

    async def ready(self, tenant_id: UUID, events: Sequence[Event]) -> None:
        subjects = {
            _subject(event, field)
            for event in events
            for field in personal_fields(type(event))
            if getattr(event, field.name)
        }
        if subjects:
            await self._ring.ready(tenant_id, subjects)

    def encode(self, event: Event, *, tenant_id: UUID) -> bytes:
        personal = personal_fields(type(event))
        if not personal:
            return super().encode(event, tenant_id=tenant_id)
        # An event's values are of any type, hence Any.
        values: dict[str, Any] = dict(vars(event))
        place = EventPlace(
            event.aggregate.topic, event.originator_id, event.originator_version, event.stored_as
        )
        for field in personal:
            if values[field.name]:
                values[field.name] = self._sealed(event, field, place, tenant_id)
        sealed = object.__new__(type(event))
        vars(sealed).update(values)
        return super().encode(sealed, tenant_id=tenant_id)

    def fingerprint(self, name: str, value: str) -> str:
        return carried_fingerprint(value) or self._ring.fingerprint(name, value)

    def _sealed(self, event: Event, field: PersonalField, place: EventPlace, tenant_id: UUID) -> str:
        value, subject = getattr(event, field.name), _subject(event, field)
        given = SealedText.parse(value)
        if given is not None:
            # From the aggregate's state, into another event: it is sealed again for its new place.
            if given.subject != subject:
                raise ValueError(f"{place.type} was given a sealed {field.name} of somebody else.")
            if not any(given.place == earlier for earlier in _places_before(event, place)):
                raise ValueError(f"{place.type} was given a {field.name} that was sealed for something else.")
            value = self._ring.opened(tenant_id, value)
        generation, cipher = self._ring.sealing(tenant_id, subject)
        return seal(
            value,
            cipher,
            tenant_id=tenant_id,
            subject=subject,
            generation=generation,
            fingerprint=self._ring.fingerprint(field.searchable, value) if field.searchable else None,
            place=place.of(field.name),
        )


def _places_before(event: Event, place: EventPlace) -> Iterator[str]:
    """Where in the event's own stream a text may have been sealed, the last place first."""
    events: Sequence[type[Event]] = event.aggregate.events
    fields = [(kind.stored_as, field.name) for kind in events for field in personal_fields(kind)]
    for version in range(event.originator_version - 1, 0, -1):
        for type_, name in fields:
            yield replace(place, version=version, type=type_).of(name)


def _subject(event: Event, field: PersonalField) -> UUID:
    subject = getattr(event, field.subject)
    if not isinstance(subject, UUID):
        raise ValueError(f"{event.stored_as} does not say whose its {field.name} is.")
    return subject
