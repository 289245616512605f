"""Patterns in the events of a group, whatever the order and the pages in which these were received."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.gateway.detection.matching import EarlierMatch, FoundMatch, Occurred, matches
from domain.gateway.detection.patterns import PatternKind, PatternTerms, RelatedBy
from domain.kit.scenario import NOON

TYPES = ("a.b", "c.d", "e.f")
WINDOW = 10
ROOT = UUID(int=1)


def terms(kind: PatternKind, types: Sequence[str], least: int | None = None) -> PatternTerms:
    return PatternTerms(
        name="P",
        kind=kind,
        event_types=tuple(types),
        related_by=RelatedBy.USER,
        window_seconds=WINDOW,
        least=least,
    )


def occurred(*said: tuple[str, int]) -> list[Occurred]:
    """Events of these types at these seconds."""
    return [
        Occurred(id=uuid5(ROOT, str(number)), type=type, at=NOON + timedelta(seconds=second))
        for number, (type, second) in enumerate(said)
    ]


def found_in_pages(
    pattern: PatternTerms,
    events: Sequence[Occurred],
    sizes: Sequence[int],
    *,
    ahead: int = 0,
    most: int = 1_000,
) -> list[FoundMatch]:
    """What is found when the events are received in this order, in pages of these sizes: each page is looked at
    with what was received before it, and with so many that were received after it, of which the latest are read.
    What is known by the same event is the same match."""
    told: list[EarlierMatch] = []
    found: list[FoundMatch] = []
    place = 0
    for size in sizes:
        page, place = events[place : place + size], place + size
        if not page:
            continue
        since = min(event.at for event in page) - 2 * pattern.window
        until = max(event.at for event in page) + 2 * pattern.window
        known = [event for event in events[: place + ahead] if since <= event.at <= until]
        latest = sorted(known, key=lambda event: (event.at, event.id))[-most:]
        new = [
            each
            for each in matches(pattern, latest, {event.id for event in page}, told, whole=len(known) <= most)
            if each.anchor not in {earlier.anchor for earlier in found}
        ]
        found += new
        told += [EarlierMatch(last=each.events[-1].id, at=each.ended_at) for each in new]
    return found


def bursts(events: Sequence[Occurred], least: int) -> Iterator[list[Occurred]]:
    """The times in which every event is the last of enough, by counting."""
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    burst: list[Occurred] = []
    for place, event in enumerate(ordered):
        before = [each for each in ordered[: place + 1] if event.at - each.at <= timedelta(seconds=WINDOW)]
        if len(before) >= least:
            burst.append(event)
        elif burst:
            yield burst
            burst = []
    if burst:
        yield burst


def sequences(events: Sequence[Occurred], types: Sequence[str]) -> Iterator[tuple[Occurred, ...]]:
    """Every sequence within the window, by trying all."""

    def longer(begun: tuple[Occurred, ...]) -> Iterator[tuple[Occurred, ...]]:
        if len(begun) == len(types):
            yield begun
            return
        for event in events:
            if event.type != types[len(begun)] or event in begun:
                continue
            if begun and (event.at < begun[-1].at or event.at - begun[0].at > timedelta(seconds=WINDOW)):
                continue
            yield from longer((*begun, event))

    yield from longer(())


some = st.lists(st.tuples(st.sampled_from(TYPES), st.integers(0, 60)), max_size=25)
pages = st.lists(st.integers(1, 6), min_size=25, max_size=25)


@given(some, pages, st.integers(0, 8), st.integers(2, 4))
def test_each_burst_is_found_once_in_whatever_order_it_is_received(
    said: list[tuple[str, int]], sizes: list[int], ahead: int, least: int
) -> None:
    events = occurred(*said)
    found = found_in_pages(terms(PatternKind.COUNT, TYPES, least), events, sizes, ahead=ahead)
    assert len({each.anchor for each in found}) == len(found)
    for burst in bursts(events, least):
        of_it = [each for each in found if each.anchor in {event.id for event in burst}]
        # Two that were apart may have been told before an event between them was received.
        assert len(of_it) >= 1
        if said == sorted(said, key=lambda each: each[1]):
            assert [each.anchor for each in of_it] == [burst[0].id] or len({e.at for e in burst}) < len(burst)
    every = {event.id for burst in bursts(events, least) for event in burst}
    assert {each.anchor for each in found} <= every


@given(
    some, pages, st.integers(0, 8), st.sampled_from([TYPES, TYPES[:2], ("a.b", "a.b"), ("a.b", "c.d", "a.b")])
)
def test_each_sequence_is_found_once_in_whatever_order_it_is_received(
    said: list[tuple[str, int]], sizes: list[int], ahead: int, types: Sequence[str]
) -> None:
    # At the same moment the order of a type that comes twice is open, so there is one event a second.
    events = [
        event
        for event in occurred(*{second: (type, second) for type, second in said}.values())
        if event.type in types
    ]
    found = found_in_pages(terms(PatternKind.SEQUENCE, types), events, sizes, ahead=ahead)
    assert len({each.anchor for each in found}) == len(found)
    all = set(sequences(events, types))
    assert {each.events for each in found} <= all
    # Whatever could be found begins or ends as one that was.
    begun, ended = {each.events[0] for each in found}, {each.events[-1] for each in found}
    tightest = {
        max((each for each in all if each[-1] == last), key=lambda each: each[0].at)
        for last in {each[-1] for each in all}
    }
    assert all == set() or found
    assert [each for each in tightest if each[0] not in begun and each[-1] not in ended] == []


def test_a_sequence_ends_within_the_window() -> None:
    pattern = terms(PatternKind.SEQUENCE, TYPES[:2])
    inside, outside = occurred(("a.b", 0), ("c.d", WINDOW)), occurred(("a.b", 0), ("c.d", WINDOW + 1))
    assert [each.anchor for each in found_in_pages(pattern, inside, [2])] == [inside[0].id]
    assert found_in_pages(pattern, outside, [2]) == []


def test_what_comes_again_after_a_sequence_is_no_second_one() -> None:
    events = occurred(("a.b", 0), ("c.d", 1), ("c.d", 2))
    assert len(found_in_pages(terms(PatternKind.SEQUENCE, TYPES[:2]), events, [2, 1])) == 1


def test_a_late_event_between_two_ends_no_sequence_twice() -> None:
    events = occurred(("a.b", 0), ("c.d", 5), ("a.b", 3))
    assert len(found_in_pages(terms(PatternKind.SEQUENCE, TYPES[:2]), events, [2, 1])) == 1


def test_a_burst_that_goes_on_is_found_where_it_begins() -> None:
    events = occurred(*(("a.b", second) for second in range(20)))
    found = found_in_pages(terms(PatternKind.COUNT, TYPES[:1], 3), events, [1] * 20)
    assert [(each.anchor, len(each.events)) for each in found] == [(events[2].id, 3)]


def test_a_late_event_that_moves_the_beginning_of_a_burst_makes_no_second_one() -> None:
    events = occurred(("a.b", 2), ("a.b", 4), ("a.b", 6), ("a.b", 1))
    assert len(found_in_pages(terms(PatternKind.COUNT, TYPES[:1], 3), events, [3, 1])) == 1


def test_a_burst_after_a_pause_is_another() -> None:
    events = occurred(*(("a.b", second) for second in (0, 1, 2, 40, 41, 42)))
    assert len(found_in_pages(terms(PatternKind.COUNT, TYPES[:1], 3), events, [6])) == 2


@given(pages, st.integers(0, 8), st.integers(2, 4), st.integers(4, 12))
def test_a_flood_of_which_the_latest_alone_are_known_is_found_once(
    sizes: list[int], ahead: int, least: int, most: int
) -> None:
    events = occurred(*(("a.b", number // 3) for number in range(25)))
    pattern = terms(PatternKind.COUNT, TYPES[:1], least)
    found = found_in_pages(pattern, events, sizes, ahead=ahead, most=most)
    assert len(found) == 1
    assert len(found_in_pages(pattern, events, [25], most=most)) == 1


def test_a_flood_that_goes_on_is_told_of_once_a_window_at_the_most() -> None:
    events = occurred(*(("a.b", number // 8) for number in range(400)))
    found = found_in_pages(terms(PatternKind.COUNT, TYPES[:1], 3), events, [20] * 20, most=10)
    moments = [each.ended_at for each in found]
    window = timedelta(seconds=WINDOW)
    assert moments
    assert all(later - earlier > window for earlier, later in pairwise(moments))


def test_what_was_left_out_long_ago_begins_nothing_anew() -> None:
    events = occurred(*(("a.b", second) for second in range(20)))
    pattern = terms(PatternKind.COUNT, TYPES[:1], 3)
    # Received late: what is known begins after it.
    assert matches(pattern, events[10:], {events[2].id}, whole=False) == []
    assert matches(pattern, events[10:], {events[-1].id}, whole=False) == []
