"""A small shop of jars and shelves: aggregates and views that the tests of the engine fold."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.events import Event
from domain.kit.fields import Len
from domain.kit.log import Envelope
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import Check, Index, PostgresView
from projections.kit.declare.row import Row, replace


class Colour(StrEnum):
    """What a label may look like."""

    RED = "red"
    BLUE = "blue"


class Jar(Aggregate, topic="toys.jar"):
    """A jar on a shelf."""

    class Filled(Event):
        name: str
        shelf: str
        amount: int
        colour: Colour = Colour.RED
        tags: tuple[str, ...] = ()

    class Moved(Event):
        shelf: str
        previous: str
        amount: int

    class Taken(Event):
        shelf: str
        amount: int

    class Broken(Event, ends=True):
        shelf: str

    class Dusted(Event):
        """Folded by no view."""


class JarRow(Row):
    """A jar as it stands."""

    id: UUID
    name: Annotated[str, Len(max_length=40)]
    colour: Colour
    shelf: str
    amount: int
    tags: tuple[str, ...] = ()
    facts: dict[str, Any]
    filled_on: date
    moved_from: str | None = None


class Jars(PostgresView[JarRow], name="toys.jars"):
    """Every jar that is whole: one row for one stream."""

    indexes: ClassVar[tuple[Index, ...]] = (Index("idx_jars_shelf", ("shelf",), where="amount > 0"),)
    checks = (Check("valid_colour", "colour in ('red', 'blue')"),)

    @on(Jar.Filled, first=True)
    def filled(self, row: None, event: Jar.Filled, envelope: Envelope) -> JarRow:
        return JarRow(
            id=event.originator_id,
            name=event.name,
            colour=event.colour,
            shelf=event.shelf,
            amount=event.amount,
            tags=event.tags,
            facts={"by": str(envelope.user_id), "amount": event.amount, "odd": ['"', "\\", "ü", None]},
            filled_on=event.timestamp.date(),
        )

    @on(Jar.Moved)
    def moved(self, row: JarRow, event: Jar.Moved) -> JarRow:
        return replace(row, shelf=event.shelf, moved_from=event.previous)

    @on(Jar.Taken)
    def taken(self, row: JarRow, event: Jar.Taken) -> JarRow:
        return replace(row, amount=row.amount - event.amount)

    @on(Jar.Broken)
    def broken(self, row: JarRow, event: Jar.Broken) -> None:
        return None


class ShelfRow(Row):
    """What a shelf carries, by colour."""

    shelf: str
    colour: str
    amount: int = 0


class ShelfFolds:
    """Many streams in one row, one event in two rows, a key of two fields."""

    @on(Jar.Filled, by=lambda event, _: (event.shelf, event.colour))
    def filled(self, row: ShelfRow | None, event: Jar.Filled, key: tuple[str, str]) -> ShelfRow:
        return _carry(row, key, event.amount)

    @on(Jar.Moved, by=lambda event, _: [(event.shelf, "any"), (event.previous, "any")])
    def moved(self, row: ShelfRow | None, event: Jar.Moved, key: tuple[str, str]) -> ShelfRow:
        return _carry(row, key, event.amount if key[0] == event.shelf else -event.amount)

    @on(Jar.Broken, by=lambda event, _: [(event.shelf, colour) for colour in ("red", "blue", "any")])
    def broken(self, row: ShelfRow | None, event: Jar.Broken) -> None:
        return None


class Shelves(ShelfFolds, PostgresView[ShelfRow], name="toys.shelves", key=("shelf", "colour")):
    """Every shelf that carries something."""


def _carry(row: ShelfRow | None, key: tuple[str, str], amount: int) -> ShelfRow:
    row = row or ShelfRow(shelf=key[0], colour=key[1])
    return replace(row, amount=row.amount + amount)
