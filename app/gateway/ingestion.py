"""Ingestion: what a source sends becomes events of the log, each once, and dead letters."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime
from itertools import count
from uuid import UUID

from app.gateway.admission import SourceAdmission
from app.gateway.claims import EventClaims
from app.gateway.drafts import EventDraft, Intake
from app.gateway.rates import SourceRates
from app.gateway.stored_events import StoredEvents, conflict
from domain.gateway.checks import EventChecks
from domain.gateway.letters import CLOSED_AT, MOST_A_DAY, LettersFull, letter_after
from domain.gateway.outcomes import (
    CLOSED,
    ERASED,
    EventAnswer,
    EventIntake,
    EventStatus,
    EventViolation,
    ReceivedEvent,
)
from domain.kit.bus.bus import Bus
from domain.kit.caller import SYSTEM, Caller
from domain.kit.clock import Clock, Ids
from domain.kit.codec import Codec
from domain.kit.log import Append, AppendReceipt, Conflict, NewEvent, Outcome
from domain.kit.refusals import SubjectErased, ViolationCode
from domain.kit.sealed import KeysUnavailable, Opening

_SERVICE = "gateway"
_CLOSED_LETTERS = 10
"""How many closed letters of one text and day are looked past for one that is open."""
_TURN = 0.01
"""Seconds of work after which others have theirs."""


class Ingestion(EventIntake):
    """Takes the events of sources into one database. The log's own claim of a command id tells what was stored
    before (ADR 62)."""

    def __init__(
        self,
        bus: Bus,
        codec: Codec,
        admission: SourceAdmission,
        checks: EventChecks,
        opening: Opening,
        *,
        clock: Clock,
        ids: Ids,
        rate: float,
    ) -> None:
        """``rate``: how many events a second are taken of one source, on average."""
        self._bus, self._codec, self._admission, self._checks = bus, codec, admission, checks
        self._clock, self._ids = clock, ids
        self._rates, self._claims = SourceRates(rate), EventClaims(bus.log, codec)
        self._stored = StoredEvents(bus.log, codec, opening)
        self._letters: Counter[UUID] = Counter()
        self._day = date.min

    async def admit(self, by: Caller, source_id: UUID | None) -> None:
        source = await self._admission.known(by, source_id)
        await self._admit(by)
        self._rates.require(source.row.id)

    async def take(
        self,
        by: Caller,
        source_id: UUID | None,
        events: Sequence[ReceivedEvent],
        *,
        received_at: datetime | None = None,
        sent_at: datetime | None = None,
    ) -> list[EventAnswer]:
        source = await self._admission.source(by, source_id)
        await self._admit(by)
        self._rates.count(source.row.id, len(events))
        tenant_id = by.tenant_id
        await self._checks.ready(tenant_id, _types(events))
        intake = Intake(
            tenant_id=tenant_id,
            source=source,
            received_at=received_at or self._clock.now(),
            sent_at=sent_at,
            started=time.perf_counter_ns(),
            checks=self._checks,
        )
        drafts: list[EventDraft] = []
        began = time.perf_counter()
        for event in events:
            drafts.append(intake.draft(event))
            if time.perf_counter() - began > _TURN:
                # Others have their turn.
                await asyncio.sleep(0)
                began = time.perf_counter()
        gone = await self._erased(tenant_id, drafts)
        if any(draft.once and draft.subject_id in gone for draft in drafts):
            # What a provider has signed is a fact, whoever it is about.
            drafts = [
                intake.impersonal(draft) if draft.once and draft.subject_id in gone else draft
                for draft in drafts
            ]
            gone |= await self._erased(tenant_id, drafts)
        waiting = await self._claims.rejected(intake, events, drafts, gone)
        later = set(waiting)
        now = [draft for place, draft in enumerate(drafts) if place not in later] if later else drafts
        outcomes = await self._store(by, intake, now, gone)
        if waiting:
            await self._claims.rejected(intake, events, drafts, gone, waiting)
            outcomes |= await self._store(by, intake, [drafts[place] for place in waiting], gone)
        outcomes |= await self._stored.same(tenant_id, drafts, outcomes)
        late: list[EventDraft] = []
        for place, draft in enumerate(drafts):
            if (fault := conflict(draft, outcomes.get(id(draft)))) is not None:
                drafts[place] = intake.letter(events[place], (fault,))
                late.append(drafts[place])
        if late:
            outcomes |= await self._store(by, intake, late, gone)
        return [_answer(draft, draft.subject_id in gone, outcomes.get(id(draft))) for draft in drafts]

    async def _store(
        self, by: Caller, intake: Intake, drafts: Sequence[EventDraft], gone: Collection[UUID]
    ) -> dict[int, Outcome | None]:
        """What became of each that was to be stored, by the identity of its draft."""
        stored: dict[int, Outcome | None] = {}
        kept, source_id = self._kept(intake, drafts, gone), intake.source.row.id
        waiting = kept
        for tries in count(1):
            # Keys may be forgotten whenever others have their turn.
            await self._ready(intake.tenant_id, waiting)
            appends = [self._append(by, intake.tenant_id, source_id, draft) for draft in waiting]
            outcomes = await self._bus.log.append_each(appends)
            stored |= zip(map(id, waiting), outcomes, strict=True)
            known = [
                draft
                for draft in waiting
                if draft.violations and draft.row is None and not _is_new(stored[id(draft)])
            ]
            waiting = await self._closed(intake.tenant_id, known) if known else []
            if not waiting:
                break
            for draft in waiting:
                # Its letter is closed, so this is another; of one that is closed time and again, always another.
                draft.become(letter_after(draft.id) if tries <= _CLOSED_LETTERS else self._ids.new())
        for draft in kept:
            if draft.violations and not _is_new(stored[id(draft)]):
                # It is kept already, or not at all.
                self._letters[_owner(intake, draft)] -= 1
        return stored

    async def _closed(self, tenant_id: UUID, letters: Sequence[EventDraft]) -> list[EventDraft]:
        """Those of dead letters that were kept before which are closed."""
        found = await self._bus.log.streams(tenant_id, [draft.id for draft in letters], after=CLOSED_AT - 1)
        return [draft for draft in letters if found.get(draft.id)]

    async def _admit(self, by: Caller) -> None:
        if self._bus.admits is not None:
            await self._bus.admits(by)

    async def _erased(self, tenant_id: UUID, drafts: Sequence[EventDraft]) -> set[UUID]:
        """Those of the persons whose keys are destroyed; the keys of all others are at hand afterwards."""
        # A letter without a text needs no key, so it stands for none of the same person that needs one.
        by_subject = {
            draft.subject_id: draft.event for draft in sorted(drafts, key=lambda draft: draft.needs_key)
        }
        gone = set[UUID]()
        try:
            await self._codec.ready(tenant_id, list(by_subject.values()))
        except SubjectErased:
            for subject, event in by_subject.items():
                try:
                    await self._codec.ready(tenant_id, [event])
                except SubjectErased:
                    gone.add(subject)
            others = [event for subject, event in by_subject.items() if subject not in gone]
            await self._codec.ready(tenant_id, others)
        return gone

    async def _ready(self, tenant_id: UUID, drafts: Sequence[EventDraft]) -> None:
        try:
            await self._codec.ready(tenant_id, [event for draft in drafts for event in draft.events])
        except SubjectErased as error:
            raise KeysUnavailable("Somebody was erased while events about them were stored.") from error

    def _kept(self, intake: Intake, drafts: Sequence[EventDraft], gone: Collection[UUID]) -> list[EventDraft]:
        """What is stored: all but what is about people who were erased, what is kept in a dead letter already, and
        letters beyond the day's number. Raises LettersFull rather than leave out one of what is sent but once."""
        day, counted = intake.received_at.date(), Counter[UUID]()
        if day != self._day:
            self._letters.clear()
            self._day = day
        kept: list[EventDraft] = []
        for draft in drafts:
            if draft.subject_id in gone:
                continue
            if draft.violations:
                if draft.letter is not None:
                    continue
                owner = _owner(intake, draft)
                full = self._letters[owner] + counted[owner] >= MOST_A_DAY
                if full and draft.origin:
                    raise LettersFull
                if full:
                    continue
                counted[owner] += 1
            kept.append(draft)
        self._letters.update(counted)
        return kept

    def _append(self, by: Caller, tenant_id: UUID, source_id: UUID, draft: EventDraft) -> Append:
        new = tuple(
            NewEvent(
                event_id=self._ids.new(),
                topic=event.aggregate.topic,
                originator_id=event.originator_id,
                originator_version=event.originator_version,
                type=event.stored_as,
                version=event.class_version,
                timestamp=event.timestamp,
                payload=self._codec.encode(event, tenant_id=tenant_id),
                ends=event.ends,
            )
            for event in draft.events
        )
        # A bare hash would confirm to somebody what they guess of a person who was erased.
        digest = bytes.fromhex(self._codec.fingerprint("gateway event", draft.digest.hex()))
        return Append(
            tenant_id=tenant_id,
            command_id=draft.id,
            digest=digest,
            events=new,
            correlation_id=draft.correlation_id,
            user_id=None if by.key_id is not None or by.user_id == SYSTEM else by.user_id,
            source=_SERVICE,
            environment=draft.environment,
            region=draft.region,
            reserves=self._claims.of(tenant_id, source_id, draft),
            metadata=draft.metadata,
        )


def _owner(intake: Intake, draft: EventDraft) -> UUID:
    """By what letters are counted: their import, or their source."""
    return intake.source.row.id if draft.row is None else draft.row.import_id


def _types(events: Sequence[ReceivedEvent]) -> set[str]:
    return {
        kind
        for event in events
        if isinstance(event.value, dict) and isinstance(kind := event.value.get("eventType"), str)
    }


def _is_new(outcome: Outcome | None) -> bool:
    return isinstance(outcome, AppendReceipt) and not outcome.repeated


def _answer(draft: EventDraft, erased: bool, outcome: Outcome | None) -> EventAnswer:
    if draft.violations:
        gone = (ERASED,) if erased else ()
        return _rejected(draft, *draft.violations, *gone, letter=outcome)
    if erased:
        return _rejected(draft, ERASED)
    match outcome:
        case AppendReceipt(first=position, repeated=repeated):
            status = EventStatus.DUPLICATE if repeated else EventStatus.ACCEPTED
            return EventAnswer(status=status, event_id=draft.event_id, position=position)
        case Conflict():
            return _rejected(draft, CLOSED)
        case _:
            fault = EventViolation("json", ViolationCode.FORMAT, (), "The event cannot be stored.")
            return _rejected(draft, fault)


def _rejected(draft: EventDraft, *violations: EventViolation, letter: Outcome | None = None) -> EventAnswer:
    answer = EventAnswer(status=EventStatus.REJECTED, event_id=draft.event_id, violations=violations)
    if isinstance(letter, AppendReceipt):
        answer.letter_id, answer.kept_at = draft.id, letter.first if letter.repeated else None
    return answer
