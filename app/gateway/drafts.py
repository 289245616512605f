"""What is to be stored of each event: the event itself, or a dead letter that says what is wrong with it."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.gateway.admission import KnownSource
from app.gateway.completeness import said_of
from domain.gateway.admission.known_users import introduced, introduces
from domain.gateway.bodies import kept_of, raw_of
from domain.gateway.callbacks.notices import word_of
from domain.gateway.checks import EventChecks
from domain.gateway.envelope import IncomingEvent, event_id_of, read_event, type_fault
from domain.gateway.events import OutsideEvent, person_of, stream_of, subject_of, user_meant
from domain.gateway.letters import DeadLetter, closing, letter_of, letter_of_row
from domain.gateway.outcomes import EventViolation, ImportedRow, ReceivedEvent, ReplayedLetter
from domain.gateway.rules import broken_rules
from domain.gateway.sources import SourceUsers
from domain.kit.events import Event
from domain.kit.refusals import ViolationCode

_VERSION = "1"
"""The version of an event of a type without a schema, where it says none."""
_NO_DATA = '{"payload": {}, "metadata": {}}'
_UNSAID = "…"
"""In place of a name that may say something about somebody."""


@dataclass(slots=True, kw_only=True)
class EventDraft:
    """Something to append: its stream is its command as well."""

    id: UUID
    event: Event
    subject_id: UUID
    digest: bytes
    """SHA-256 of what was sent, by which the same is known again."""
    correlation_id: str
    environment: str
    region: str
    violations: tuple[EventViolation, ...] = ()
    """Empty for an event that is accepted."""
    event_id: UUID | None
    origin: Mapping[str, Any]
    """What is stored beside it, see `ReceivedEvent`."""
    told: tuple[Event, ...] = ()
    """What follows the event, in its stream or that of the dead letter which it closes."""
    letter: ReplayedLetter | None = None
    """Of a replay, the dead letter."""
    row: ImportedRow | None = None
    once: bool = False
    """Whether its provider has signed it."""
    transmission: str | None = None
    """The delivery that brings no other event of the source, see `ReceivedEvent`."""
    introduces: UUID | None = None
    """The user whom it makes known."""
    asks: UUID | None = None
    """The user who must be known, where the source asks for that."""

    def become(self, id: UUID) -> None:
        """Be another dead letter of the same."""
        self.id, self.correlation_id = id, str(id)
        self.event = self.event.stamped(id, 1, self.event.timestamp)

    @property
    def events(self) -> tuple[Event, ...]:
        """All that is appended."""
        return (self.event, *self.told)

    @property
    def needs_key(self) -> bool:
        """Whether anything of it is sealed."""
        return not isinstance(self.event, DeadLetter.Kept) or self.event.raw != ""

    @property
    def metadata(self) -> bytes:
        """What is stored beside it: by this it is known again."""
        return orjson.dumps({"command": "gateway.ingest", **self.origin})


@dataclass(frozen=True, slots=True)
class Intake:
    """One request of a source."""

    tenant_id: UUID
    source: KnownSource
    received_at: datetime
    sent_at: datetime | None
    started: int
    """By ``time.perf_counter_ns``, when it was received."""
    checks: EventChecks

    def draft(self, received: ReceivedEvent) -> EventDraft:
        """What is to be stored of an event. Its stages are gone through here, in their order."""
        if received.unreadable is not None:
            return self.letter(received, (received.unreadable,))
        incoming = read_event(received.value, self.received_at)
        if isinstance(incoming, list):
            return self.letter(received, tuple(incoming))
        name, type = incoming.type, self.checks.known_as(self.tenant_id, incoming.type)
        if type == name and (fault := type_fault(name)) is not None:
            return self.letter(received, (fault,))
        incoming.type = type
        if not (self.source.allows(type) or self.source.allows(name)):
            message = f"The key may not send events of the type {incoming.type}."
            wrong = EventViolation("scope", ViolationCode.UNSUITABLE, ("eventType",), message)
            return self.letter(received, (wrong,))
        signed = received.once is not None
        if not signed and (violations := self.checks.check(self.tenant_id, incoming)):
            return self.letter(received, tuple(violations))
        validated = self._elapsed()
        checked = self._elapsed()
        of_provider = self.source.row.provider is not None
        said, expected, added = said_of(received, incoming, of_provider=of_provider)
        there, declared = (0, 0) if signed else self.checks.declared(self.tenant_id, incoming)
        completeness = 100 * (said + there) // (expected + declared)
        enriched = self._elapsed()
        if violations := broken_rules(incoming):
            return self.letter(received, tuple(violations))
        stages = {"validated": validated, "checked": checked, "enriched": enriched, "ruled": self._elapsed()}
        return self._accepted(received, incoming, completeness, added, stages)

    def letter(self, received: ReceivedEvent, violations: tuple[EventViolation, ...]) -> EventDraft:
        """The dead letter of an event that is rejected."""
        value, first = received.value, violations[0]
        raw, cut = kept_of(raw_of(received))
        source, row = self.source.row.id, received.row
        id = letter_of(source, raw, self.received_at) if row is None else letter_of_row(source, row)
        said = value if isinstance(value, dict) else {}
        kind, user = said.get("eventType"), user_meant(said.get("userId"))
        subject = subject_of(
            self.tenant_id, source, None if user is None else _storable(user), self.received_at
        )
        path, message = plain(first)
        kept = DeadLetter.Kept(
            source_id=self.source.row.id,
            key_id=self.source.key_id,
            event_id=event_id_of(value),
            event_type=word_of(kind) or None,
            raw=raw,
            subject_id=subject,
            cut=cut,
            rule=first.rule,
            code=first.code.value,
            path=path,
            message=message,
            violations=len(violations),
            form=received.form,
            **_place(received.row, first),
        )
        return EventDraft(
            id=id,
            event=kept.stamped(id, 1, self.received_at),
            subject_id=subject,
            digest=hashlib.sha256(raw.encode()).digest(),
            correlation_id=str(id),
            environment=self.source.row.environment,
            region=self.source.row.region,
            violations=violations,
            event_id=kept.event_id,
            row=row,
            letter=received.letter,
            origin=received.origin,
        )

    def _accepted(
        self,
        received: ReceivedEvent,
        incoming: IncomingEvent,
        completeness: int,
        added: tuple[str, ...],
        stages: dict[str, int],
    ) -> EventDraft:
        source = self.source.row
        id = stream_of(source.id, incoming.event_id)
        data: dict[str, Any] = {"payload": incoming.payload, "metadata": incoming.metadata}
        subject = subject_of(self.tenant_id, source.id, incoming.user_id, self.received_at)
        accepted = OutsideEvent.Accepted(
            source_id=source.id,
            key_id=self.source.key_id,
            event_id=incoming.event_id,
            event_type=incoming.type,
            event_source=incoming.source or source.name,
            category=incoming.category,
            schema_version=incoming.version
            or str(self.checks.newest(self.tenant_id, incoming.type) or _VERSION),
            occurred_at=incoming.occurred_at,
            sent_at=self.sent_at,
            data=orjson.dumps(data).decode(),
            subject_id=subject,
            user_id=incoming.user_id,
            session_id=incoming.session_id,
            order_id=incoming.order_id,
            completeness=completeness,
            added=added,
            stages=stages,
            # What its provider has signed is checked by no schema.
            searchable=None
            if received.once is not None
            else self.checks.searchable(self.tenant_id, incoming),
        )
        known = self._to_be_known(received, incoming)
        new = introduced(incoming) if introduces(incoming) else None
        content = _content(received, incoming) if (by := received.known_by) is None else by.encode()
        return EventDraft(
            id=id,
            event=accepted.stamped(id, 1, self.received_at),
            subject_id=subject,
            digest=hashlib.sha256(content).digest(),
            correlation_id=incoming.correlation_id or str(incoming.event_id),
            environment=incoming.environment or source.environment,
            region=incoming.region or source.region,
            event_id=incoming.event_id,
            told=(
                *(
                    each.stamped(id, version, self.received_at)
                    for version, each in enumerate(received.told, 2)
                ),
                *(() if received.letter is None else (closing(received.letter, self.received_at),)),
            ),
            row=received.row,
            letter=received.letter,
            once=received.once is not None,
            transmission=received.transmission,
            origin=received.origin,
            introduces=None if new is None else person_of(self.tenant_id, new),
            asks=None if known is None else person_of(self.tenant_id, known),
        )

    def _to_be_known(self, received: ReceivedEvent, incoming: IncomingEvent) -> str | None:
        """The user who must be known; nobody of what a provider has signed, nor of what introduces users."""
        free = received.once is not None or introduces(incoming)
        return None if free or self.source.row.users is SourceUsers.ANY else incoming.user_id

    def impersonal(self, draft: EventDraft) -> EventDraft:
        """What is left of a signed event about somebody who was erased: that it came, and what it tells beside."""
        assert isinstance(draft.event, OutsideEvent.Accepted)
        nobody = subject_of(self.tenant_id, self.source.row.id, None, self.received_at)
        event = replace(draft.event, data=_NO_DATA, user_id=None, session_id=None, subject_id=nobody)
        return replace(draft, event=event.stamped(draft.id, 1, self.received_at), subject_id=nobody)

    def _elapsed(self) -> int:
        return (time.perf_counter_ns() - self.started) // 1_000


def plain(violation: EventViolation) -> tuple[tuple[str, ...], str]:
    """Where the fault is and what it is, for everybody: without names that are no words, which may be data."""
    path, message = list[str](), violation.message
    for part in map(str, violation.path):
        path.append(word_of(part) or _UNSAID)
        if path[-1] == _UNSAID:
            message = message.replace(part, _UNSAID)
    return tuple(path), _storable(message)[:500]


# The fields of a dead letter that say so, of several types.
def _place(row: ImportedRow | None, fault: EventViolation) -> dict[str, Any]:
    """Where in a file a fault is: of the column that the member at fault is made of, or of what is around it."""
    if row is None:
        return {}
    path = tuple(str(part) for part in fault.path)
    parts = (path[:length] for length in range(len(path), 0, -1))
    column = next((row.columns[part] for part in parts if part in row.columns), None)
    return {"import_id": row.import_id, "file_line": row.line, "file_column": column}


def _content(received: ReceivedEvent, incoming: IncomingEvent) -> bytes:
    """By what it is the same event, however its ids are spelled."""
    said, ids = received.value, incoming.ids
    if all(said.get(name) == id for name, id in ids.items()):
        return received.content
    return ReceivedEvent({**said, **ids}).content


def _storable(text: str) -> str:
    """A text that the log takes, with a mark in place of what it does not."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
