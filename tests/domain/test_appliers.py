"""How events change state: what is copied by name, and what is refused when the class is made."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest

from domain.kit.clock import at
from domain.kit.fields import Describe
from domain.kit.model import Aggregate, Event, applies, assigns

STREAM = UUID(int=1)
NOON = datetime(2030, 1, 1, tzinfo=UTC)
Title = Annotated[str, Describe("What it says.")]


class Sign(Aggregate, topic="toys.sign"):
    """A sign with a title."""

    class Hung(Event):
        title: Title
        maker: str
        width: int | None = None

    class Renamed(Event):
        title: Title

    class Resized(Event):
        width: int

    title: str
    width: int | None = None
    names: int = 0
    changed = assigns(Hung, Resized)

    @applies(Renamed)
    def _renamed(self, event: Renamed) -> None:
        self.title, self.names = event.title, self.names + 1


def hung() -> Sign:
    with at(NOON):
        return Sign.begin(STREAM, Sign.Hung(title="Exit", maker="Anna", width=3))


def test_copies_what_event_and_state_both_have() -> None:
    sign = hung()
    assert (sign.title, sign.width, sign.names) == ("Exit", 3, 0)
    assert not hasattr(sign, "maker")


def test_copies_nothing_of_what_the_event_lacks() -> None:
    sign = hung()
    with at(NOON):
        sign.record(Sign.Resized(width=5))
    assert (sign.title, sign.width) == ("Exit", 5)


def test_a_method_stands_beside_it() -> None:
    sign = hung()
    with at(NOON):
        sign.record(Sign.Renamed(title="Way out"))
    assert (sign.title, sign.names, sign.width) == ("Way out", 1, 3)


def test_an_event_that_shares_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Bell has no attribute for any field of .*Bell\.Rung"):

        class Bell(Aggregate, topic="toys.bell"):
            class Rung(Event):
                times: int

            tone: str = ""
            changed = assigns(Rung)


def test_a_state_of_nothing_shares_nothing() -> None:
    with pytest.raises(TypeError, match=r"Stone has no attribute for any field of .*Stone\.Found"):

        class Stone(Aggregate, topic="toys.stone"):
            class Found(Event):
                weight: int

            changed = assigns(Found)


@pytest.mark.parametrize("said", [str, int | None, list[str]])
def test_a_value_that_the_attribute_cannot_hold_is_refused(said: Any) -> None:
    with pytest.raises(TypeError, match=r"Gate\.width cannot hold every .*Gate\.Built\.width"):

        class Gate(Aggregate, topic="toys.gate"):
            class Built(Event):
                width: said  # pyright: ignore[reportInvalidTypeForm]

            width: int
            changed = assigns(Built)


def test_an_attribute_that_nothing_gives_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Window\.height has no default, and no event assigns it\."):

        class Window(Aggregate, topic="appliers.window"):
            """A toy."""

            class Widened(Event):
                width: int

            width: int
            height: int

            changed = assigns(Widened)


def test_saying_twice_what_an_event_changes_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Door says twice what .*Door\.Opened changes"):

        class Door(Aggregate, topic="toys.door"):
            class Opened(Event):
                by: str

            by: str = ""
            changed = assigns(Opened)

            @applies(Opened)
            def _opened(self, event: Opened) -> None:
                self.by = event.by


class Ticket(Aggregate, topic=None):
    """What tickets have in common."""

    class Sold(Event):
        price: int

    class Punched(Event): ...

    price: int
    punched: bool = False
    sold = assigns(Sold)

    @applies(Punched)
    def _punched(self, event: Punched) -> None:
        self.punched = True


class Return(Ticket, topic="toys.return"):
    """There and back: what is said of the common events holds for its own, except of being punched."""

    class Sold(Ticket.Sold): ...

    class Punched(Ticket.Punched): ...

    halves: int = 0

    @applies(Punched)
    def _halved(self, event: Punched) -> None:
        self.halves += 1


class Single(Ticket, topic="toys.single"):
    """There and no further."""

    class Sold(Ticket.Sold): ...

    class Punched(Ticket.Punched): ...


def test_what_is_said_of_an_event_holds_for_those_that_derive_from_it() -> None:
    with at(NOON):
        single = Single.begin(STREAM, Single.Sold(price=3))
        single.record(Single.Punched())
        halved = Return.begin(STREAM, Return.Sold(price=5))
        halved.record(Return.Punched())
    assert (single.price, single.punched) == (3, True)
    assert (halved.price, halved.punched, halved.halves) == (5, False, 1)


def test_each_keeps_its_events_under_names_of_its_own() -> None:
    assert [event.stored_as for event in Single.events] == ["toys.single.sold", "toys.single.punched"]
    assert [event.aggregate for event in Return.events] == [Return, Return]
    assert not hasattr(Ticket, "topic")
