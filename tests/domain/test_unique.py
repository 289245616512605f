"""Unique attributes: what is reserved and released follows from the state, and is worked out once an append."""

from dataclasses import field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.kit.clock import at
from domain.kit.log import Reservation
from domain.kit.model import Aggregate, Event, Unique, applies, assigns

STREAM = UUID(int=1)
NOON = datetime(2030, 1, 1, tzinfo=UTC)


class Boat(
    Aggregate,
    topic="toys.boat",
    unique=(
        Unique("name", fold=str.casefold),
        Unique("berth", stored_as="toys.harbour", field="place", everywhere=True, personal=True),
        Unique("flags"),
    ),
):
    """A boat with a name, maybe a berth, and flags."""

    class Launched(Event):
        name: str
        berth_number: str | None = None

    class Renamed(Event):
        name: str

    class Moored(Event):
        berth_number: str | None

    class Dressed(Event):
        flags: tuple[str, ...]

    class Noted(Event): ...

    class Sunk(Event, ends=True): ...

    name: str
    berth_number: str | None = None
    flags: tuple[str, ...] = ()
    log: list[str] = field(default_factory=list)
    changed = assigns(Launched, Renamed, Moored, Dressed)

    @property
    def berth(self) -> str | None:
        return self.berth_number

    @applies(Noted)
    def _noted(self, event: Noted) -> None:
        self.log.append("noted")


def launched(name: str = "Anna", *, berth_number: str | None = None) -> Boat:
    with at(NOON):
        return Boat.begin(STREAM, Boat.Launched(name=name, berth_number=berth_number))


def claimed(boat: Boat, *events: Event) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What is reserved and released by an append of these events."""
    with at(NOON):
        for event in events:
            boat.record(event)
    claims = boat.collect_claims()
    boat.decided()
    return [(reserved.name, reserved.value) for reserved in claims.reserves], [
        (released.name, released.value) for released in claims.releases
    ]


def test_the_first_event_reserves() -> None:
    claims = launched("ANNA", berth_number="B1").collect_claims()
    assert claims.releases == ()
    assert claims.reserves == (
        Reservation("toys.boat.name", "anna", STREAM, "name"),
        Reservation("toys.harbour", "B1", STREAM, "place", everywhere=True, personal=True),
    )


def test_what_is_reserved_is_said_once() -> None:
    boat = launched()
    boat.collect_claims()
    assert claimed(boat) == ([], [])


def test_another_value_takes_the_place_of_the_first() -> None:
    boat = launched()
    claimed(boat)
    assert claimed(boat, Boat.Renamed(name="Berta")) == (
        [("toys.boat.name", "berta")],
        [("toys.boat.name", "anna")],
    )


def test_an_equal_value_stays_as_it_is() -> None:
    boat = launched()
    claimed(boat)
    assert claimed(boat, Boat.Renamed(name="ANNA"), Boat.Noted()) == ([], [])


def test_no_value_is_not_reserved() -> None:
    boat = launched(berth_number="B1")
    claimed(boat)
    assert claimed(boat, Boat.Moored(berth_number=None)) == ([], [("toys.harbour", "B1")])
    assert claimed(boat, Boat.Moored(berth_number="B2")) == ([("toys.harbour", "B2")], [])


def test_of_several_values_the_difference_is_claimed() -> None:
    boat = launched()
    claimed(boat)
    claimed(boat, Boat.Dressed(flags=("red", "blue")))
    assert claimed(boat, Boat.Dressed(flags=("blue", "green", "green"))) == (
        [("toys.boat.flags", "green")],
        [("toys.boat.flags", "red")],
    )


def test_the_end_releases_all() -> None:
    boat = launched(berth_number="B1")
    claimed(boat, Boat.Dressed(flags=("red",)))
    reserved, released = claimed(boat, Boat.Sunk())
    assert reserved == []
    assert released == [("toys.boat.name", "anna"), ("toys.harbour", "B1"), ("toys.boat.flags", "red")]


def test_what_comes_and_goes_within_one_append_is_nothing() -> None:
    """The log releases first and reserves then, whatever the order in which they were asked for."""
    assert claimed(launched(), Boat.Renamed(name="Berta")) == ([("toys.boat.name", "berta")], [])
    boat = launched()
    claimed(boat)
    assert claimed(boat, Boat.Renamed(name="Berta"), Boat.Renamed(name="Anna")) == ([], [])
    assert claimed(launched(), Boat.Sunk()) == ([], [])


def test_an_attribute_that_the_state_lacks_is_refused() -> None:
    with pytest.raises(TypeError, match="Raft has no attribute 'title' that could be unique"):

        class Raft(Aggregate, topic="toys.raft", unique=("title",)):
            name: str = ""


def test_a_method_or_a_constant_is_no_value() -> None:
    with pytest.raises(TypeError, match="Raft has no attribute 'record' that could be unique"):

        class Raft(Aggregate, topic="toys.raft", unique=("record",)):
            name: str = ""


def test_two_classes_never_reserve_under_one_name() -> None:
    with pytest.raises(TypeError, match=r"Two attributes are reserved under 'toys\.boat\.name'"):

        class Buoy(Aggregate, topic="toys.buoy", unique=(Unique("name", stored_as="toys.boat.name"),)):
            name: str = ""


def test_a_renamed_attribute_keeps_its_reservations() -> None:
    class Yacht(Aggregate, topic="toys.yacht", unique=(Unique("title", stored_as="toys.yacht.name"),)):
        class Bought(Event):
            title: str

        title: str
        bought = assigns(Bought)

    with at(NOON):
        claims = Yacht.begin(STREAM, Yacht.Bought(title="Anna")).collect_claims()
    assert claims.reserves == (Reservation("toys.yacht.name", "Anna", STREAM, "title"),)
