"""What webhooks and destinations are sent is on record before it leaves: of which event, and whose data it is."""

import dataclasses
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from api.kit.schema.access_log import AccessRecord
from domain.gateway.events import OutsideEvent
from domain.gateway.webhook_terms import camel
from domain.gateway.webhooks import Webhook
from domain.identity.users import User
from domain.kit.events import Event
from domain.kit.fields import Confidential, Personal, hints_of, is_marked
from domain.kit.ids import read_spelling
from domain.kit.log import Envelope
from domain.kit.sealed import is_sealed, subject_of

Recorder = Callable[[Sequence[AccessRecord]], Awaitable[None]]
"""Writes accesses before it returns. Raises what the database raises."""


async def put_on_record(
    record: Recorder,
    webhook: Webhook,
    envelope: Envelope,
    event: Event,
    sent: Collection[str],
    people: Collection[UUID],
) -> None:
    """Record that these fields of an event, by the names that clients know, leave in its sponsor's name.

    Raises what ``record`` raises; then nothing may leave.
    """
    fields = [field.name for field in dataclasses.fields(event) if camel(field.name) in sent]
    hints = hints_of(type(event))
    hidden = [
        name
        for name in fields
        if getattr(event, name) and (is_marked(hints[name], Confidential) or is_marked(hints[name], Personal))
    ]
    access = AccessRecord(
        tenant_id=envelope.tenant_id,
        user_id=webhook.sponsor_id,
        session_id=None,
        kind="webhook",
        operation=f"{webhook.kind} {webhook.id}",
        root_fields=(envelope.type,),
        fields=tuple(f"{envelope.type}.{camel(name)}" for name in fields),
        subjects=tuple(sorted(people)),
        revealed=tuple(f"{envelope.type}.{camel(name)}" for name in hidden),
        at=datetime.now(UTC),
        correlation_id=envelope.correlation_id,
    )
    await record([access])


# Values of any JSON.
def people_of(envelope: Envelope, event: Event, named: Iterable[Any] = ()) -> set[UUID]:
    """Whose an event may be, by id: of who did it, whom it happened to or belongs to, for whom something of it is
    sealed, and whom an outside system or what leaves of it names."""
    people = {subject_of(text) for text in sealed_in(event)}
    if envelope.user_id:
        people.add(envelope.user_id)
    if envelope.topic == User.topic:
        people.add(envelope.originator_id)
    if isinstance(event, OutsideEvent.Accepted) and event.user_id is not None:
        people.add(event.subject_id)
    for value in (getattr(event, "user_id", None), *named):
        id = value if isinstance(value, UUID) else read_spelling(value)
        if id is not None:
            people.add(id)
    return people


def sealed_in(event: Event) -> set[str]:
    """The sealed texts of an event, wherever they stand."""
    values = [getattr(event, field.name) for field in dataclasses.fields(event)]
    return {*_sealed(msgspec.to_builtins(values))}


def _sealed(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if is_sealed(value):
            yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _sealed(each)
