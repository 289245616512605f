"""Patterns are looked for: what was received since the last look, together with what it belongs to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from msgspec import convert

from domain.gateway.detection.matching import FoundMatch, matches
from domain.gateway.detection.notices import company, tell
from domain.gateway.detection.pattern_matches import MOST_SHOWN, NotePatternMatch, match_id
from domain.gateway.detection.pattern_search import PatternSearch, SoughtPattern
from domain.gateway.detection.patterns import EventPattern, PatternKind, PatternTerms
from domain.gateway.detection.ports import Awaiting, GroupSpan, LogPlace, OutsideHistory, Received
from domain.kit.log import Envelope
from domain.kit.process.effects import Call, Cancel, Done, Effect, Failed, Fired, Schedule, Then
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, on, performs, when_done, when_due, when_failed

EVERY = timedelta(seconds=10)
LATENESS = timedelta(seconds=10)
"""How much later than it happened an event may be received and still follow another in time."""
_LONGEST_STEP = timedelta(days=1)
"""Of events that others were to follow, in one look."""
_GROUPS = 20
"""Groups that are read together."""
_EVER = "1970-01-01T00:00:00Z"


State = PatternSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUntil:
    """How far a look came, and whether there is more to look at now."""

    after: LogPlace
    until: datetime
    more: bool


class PatternDetection(Process[PatternSearch], name="gateway.pattern_detection", version=3):
    """Look for the patterns of a company every ten seconds, while it has any.

    One instance for each company, so that what is received is read once for all of its patterns.
    """

    kept = timedelta(days=1)
    most_awaiting = 5_000
    """Events that others were to follow, of one pattern in one look."""

    class Look(Effect, attempts=15, timeout=300, pause=2):
        """Look at what was received since the last look, and at what had to be followed by now."""

        after: int
        """0; looks of version 1, which may be pending, said a position."""
        since: datetime
        until: datetime

    def __init__(self, ports: ProcessPorts, history: OutsideHistory) -> None:
        self._bus, self._history = ports.bus, history

    # The state is any JSON.
    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Positions became events, and moments: those of all that was received count that did so before."""
        state["after"] = {"stream_id": None, "version": 0, "at": state["until"]}
        for pattern in state["patterns"]:
            pattern["since"] = None if pattern["since"] is None else _EVER

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """Moments became places of the log; of all that was received, the event that defined the pattern."""
        for pattern in state["patterns"]:
            if (at := pattern["since"]) == _EVER:
                pattern["since"] = {"stream_id": pattern["id"], "version": 1, "at": at}
            elif at is not None:
                pattern["since"] = {"stream_id": None, "version": 0, "at": at}

    @on(EventPattern.Defined, by=company)
    def defined(self, state: State | None, event: EventPattern.Defined, envelope: Envelope) -> Then[State]:
        terms = PatternTerms(
            name=event.name,
            kind=event.kind,
            event_types=event.event_types,
            related_by=event.related_by,
            window_seconds=event.window_seconds,
            least=event.least,
        )
        state = state or PatternSearch(patterns=(), after=LogPlace.of(envelope), until=event.timestamp)
        pattern = SoughtPattern(id=event.originator_id, terms=terms, since=None)
        known = replace(state, patterns=(*state.patterns, pattern))
        return self._begin(known, event.originator_id, envelope)

    @on(EventPattern.Enabled, by=company)
    def enabled(self, state: State | None, event: EventPattern.Enabled, envelope: Envelope) -> Then[State]:
        return self._begin(state, event.originator_id, envelope)

    @on(EventPattern.Disabled, by=company)
    def disabled(self, state: State | None, event: EventPattern.Disabled) -> Then[State]:
        return _rest(state and state.switched(event.originator_id, None))

    @on(EventPattern.Deleted, by=company)
    def deleted(self, state: State | None, event: EventPattern.Deleted) -> Then[State]:
        if state is None:
            return Then(None)
        left = tuple(pattern for pattern in state.patterns if pattern.id != event.originator_id)
        return _rest(replace(state, patterns=left) if left else None)

    @when_due("look")
    def look_due(self, state: State | None, fired: Fired) -> Then[State]:
        if state is None:
            return Then(None)
        return Then(state, self._look(state, fired.at))

    @performs(Look)
    async def look(self, effect: Look, call: Call[State]) -> LookedUntil | None:
        state = call.state
        if state is None:
            return None
        page = await self._history.received(call.tenant_id, state.after)
        # A clock that was set back is followed back: what is found again is known again.
        since = min(effect.since, effect.until)
        until = min(effect.until, since + _LONGEST_STEP)
        for pattern in state.patterns:
            if pattern.since is None:
                continue
            begun = await self._history.position(call.tenant_id, pattern.since)
            new = [each for each in page.events if each.position > begun]
            if pattern.terms.kind is PatternKind.MISSING:
                await self._late(pattern, new, effect.until, call)
                until = await self._missing(pattern, begun, since, until, call)
            else:
                await self._together(pattern, new, call)
        return LookedUntil(after=page.until, until=until, more=page.more or until < effect.until)

    @when_done(Look)
    def looked(self, state: State | None, done: "Done[PatternDetection.Look]") -> Then[State]:
        if state is None or done.result is None:
            return Then(state)
        looked = convert(done.result, LookedUntil)
        state = replace(state, after=looked.after, until=looked.until)
        if not state.active:
            return Then(state)
        if looked.more:
            return Then(state, self._look(state, done.at))
        return Then(state, Schedule("look", done.at + EVERY))

    @when_failed(Look)
    def not_looked(self, state: State | None, failed: "Failed[PatternDetection.Look]") -> Then[State]:
        """What was not looked at is looked at by the next one."""
        if state is None or not state.active:
            return Then(state)
        return Then(state, Schedule("look", failed.at + EVERY))

    def _begin(self, state: State | None, id: UUID, envelope: Envelope) -> Then[State]:
        if state is None:
            return Then(None)
        begun = state.switched(id, LogPlace.of(envelope))
        return Then(begun) if state.active else Then(begun, Schedule("look", envelope.timestamp + EVERY))

    def _look(self, state: State, at: datetime) -> Look:
        return self.Look(after=0, since=state.until, until=at - LATENESS)

    async def _together(self, pattern: SoughtPattern, new: Sequence[Received], call: Call[State]) -> None:
        """Find the sequences or counts in which new events have a part."""
        terms = pattern.terms
        groups = _groups(terms, new)
        for names in _chunks(groups, _GROUPS):
            spans = [_around(related, groups[related], terms) for related in names]
            known = await self._history.of_groups(call.tenant_id, terms.related_by, terms.event_types, spans)
            earlier = await self._history.told(call.tenant_id, pattern.id, spans)
            for related in names:
                fresh = {each.event.id for each in groups[related]}
                group = known[related]
                found = matches(terms, group.events, fresh, earlier.get(related, ()), whole=group.whole)
                for each in found:
                    await self._tell(pattern, related, each, call)

    async def _late(
        self, pattern: SoughtPattern, new: Sequence[Received], until: datetime, call: Call[State]
    ) -> None:
        """Find the new events whose time to be followed had run out when they were received."""
        terms = pattern.terms
        late = [
            Awaiting(event=each.event, related=related)
            for related, events in _groups(terms, new).items()
            for each in events
            if each.event.type == terms.event_types[0] and each.event.at + terms.window < until
        ]
        await self._unfollowed(pattern, late, call)

    async def _missing(
        self,
        pattern: SoughtPattern,
        received_after: int,
        since: datetime,
        until: datetime,
        call: Call[State],
    ) -> datetime:
        """Find the events whose time to be followed ran out since a moment and before another: until which one, as
        no more than `most_awaiting` and those of the same time as the first are looked at."""
        terms, window, looked = pattern.terms, pattern.terms.window, 0
        first, last = terms.event_types[0], None
        while page := await self._history.happened(
            call.tenant_id, terms.related_by, first, since - window, until - window, received_after, last
        ):
            await self._unfollowed(pattern, page, call)
            last, looked = page[-1].event, looked + len(page)
            if looked >= self.most_awaiting and last.at + window > since:
                return last.at + window
        return until

    async def _unfollowed(
        self, pattern: SoughtPattern, events: Sequence[Awaiting], call: Call[State]
    ) -> None:
        terms = pattern.terms
        if not events:
            return
        followed = await self._history.followed(
            call.tenant_id, terms.related_by, terms.event_types[1], terms.window_seconds, events
        )
        for each in events:
            if each.event.id not in followed:
                ended_at = each.event.at + terms.window
                found = FoundMatch(anchor=each.event.id, events=(each.event,), ended_at=ended_at)
                await self._tell(pattern, each.related, found, call)

    async def _tell(self, pattern: SoughtPattern, related: str, found: FoundMatch, call: Call[State]) -> None:
        command = NotePatternMatch(
            id=match_id(pattern.id, found.anchor),
            pattern_id=pattern.id,
            pattern_name=pattern.terms.name,
            related=related,
            event_ids=tuple(event.id for event in found.events[-MOST_SHOWN:]),
            events=len(found.events),
            began_at=found.events[0].at,
            ended_at=found.ended_at,
        )
        await tell(self._bus, command, call, self.name)


def _rest(state: PatternSearch | None) -> Then[PatternSearch]:
    return Then(state) if state is None or state.active else Then(state, Cancel("look"))


def _groups(terms: PatternTerms, new: Sequence[Received]) -> dict[str, list[Received]]:
    groups: dict[str, list[Received]] = {}
    for each in new:
        related = each.related[terms.related_by]
        if related is not None and each.event.type in terms.event_types:
            groups.setdefault(related, []).append(each)
    return groups


def _around(related: str, events: Sequence[Received], terms: PatternTerms) -> GroupSpan:
    """Two windows on both sides: what an event changes, and what that depends on."""
    moments = [each.event.at for each in events]
    return GroupSpan(
        related=related, since=min(moments) - 2 * terms.window, until=max(moments) + 2 * terms.window
    )


def _chunks(groups: Mapping[str, object], size: int) -> Iterator[list[str]]:
    rest = iter(groups)
    while names := list(islice(rest, size)):
        yield names
