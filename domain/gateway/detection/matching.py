"""Finding patterns in the events of one group, which belong together. Pure: the same events give the same matches.

What arrives late, in any order and in any pages, is found all the same: an event has a part in every match that
it completes, and a match is found when the last of its events has been received.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.gateway.detection.patterns import PatternKind, PatternTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurred:
    """An event of a group: its id as it is known here, its type, and when it happened."""

    id: UUID
    type: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMatch:
    """A match: the event that it is known by, all its events in their order, and the last of what it spans."""

    anchor: UUID
    events: tuple[Occurred, ...]
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierMatch:
    """A match of the group that was told before: its last event, and when that happened."""

    last: UUID
    at: datetime


def matches(
    terms: PatternTerms,
    events: Iterable[Occurred],
    fresh: Collection[UUID],
    earlier: Collection[EarlierMatch] = (),
    *,
    whole: bool = True,
) -> list[FoundMatch]:
    """The sequences, or counts, in which one of the ``fresh`` events has a part and that were not told.

    ``events`` are those of its types two windows around the fresh ones, ``earlier`` what was found there.
    ``whole`` says that no event of that time is missing; if not, the earliest are.
    """
    if terms.kind is PatternKind.COUNT:
        ordered = sorted(events, key=lambda event: (event.at, event.id))
        return _counts(terms, ordered, frozenset(fresh), [each.at for each in earlier], whole=whole)
    order = {type: place for place, type in reversed(list(enumerate(terms.event_types)))}
    # At the same moment, what comes first in a sequence came first.
    ordered = sorted(events, key=lambda event: (event.at, order[event.type], event.id))
    return _sequences(terms, ordered, frozenset(fresh), {each.last for each in earlier})


def _sequences(
    terms: PatternTerms, events: Sequence[Occurred], fresh: Collection[UUID], ended: Collection[UUID]
) -> list[FoundMatch]:
    """One for each event that begins a sequence: the first that ends within the window."""
    types = terms.event_types
    # The events of the sequence so far, one entry for each length: those with the latest beginning.
    begun: list[tuple[Occurred, ...]] = [()] * len(types)
    found: dict[UUID, FoundMatch] = {}
    for event in events:
        for place in reversed(range(len(types))):
            if event.type == types[place] and (place == 0 or begun[place - 1]):
                begun[place] = (*(begun[place - 1] if place else ()), event)
                first = begun[place][0]
                if place == len(types) - 1 and event.at - first.at <= terms.window and first.id not in found:
                    found[first.id] = FoundMatch(anchor=first.id, events=begun[place], ended_at=event.at)
    return [
        each
        for each in found.values()
        if each.events[-1].id not in ended and any(event.id in fresh for event in each.events)
    ]


def _counts(
    terms: PatternTerms,
    events: Sequence[Occurred],
    fresh: Collection[UUID],
    moments: Sequence[datetime],
    *,
    whole: bool,
) -> list[FoundMatch]:
    """One for each time in which every event is the last of enough within the window: where that, or what is known
    of it, begins."""
    least, window = terms.least or 0, terms.window
    arrived = sorted(event.at for event in events if event.id in fresh)
    found: list[FoundMatch] = []
    at = 0
    while at < len(events):
        if not _enough(events, at, least, window):
            at += 1
            continue
        first = at
        while at < len(events) and _enough(events, at, least, window):
            at += 1
        ended_at, last = events[first].at, events[at - 1].at
        # Where what precedes it is left out, it may have begun there, and be told: so it is told once a window.
        told_since = ended_at if whole or first >= least else ended_at - window
        was_told = any(told_since <= moment <= last for moment in moments)
        if not was_told and _near(arrived, ended_at - window, ended_at):
            counted = tuple(event for event in events[: first + 1] if event.at >= ended_at - window)
            found.append(FoundMatch(anchor=events[first].id, events=counted, ended_at=ended_at))
    return found


def _enough(events: Sequence[Occurred], at: int, least: int, window: timedelta) -> bool:
    return at >= least - 1 and events[at].at - events[at - least + 1].at <= window


def _near(moments: Sequence[datetime], since: datetime, until: datetime) -> bool:
    place = bisect_left(moments, since)
    return place < len(moments) and moments[place] <= until
