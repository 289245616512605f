"""What somebody who watches wants to hear of: rows that meet a filter, and those that have just left it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from domain.kit.events import Event
from domain.kit.fields import types_of
from projections.kit.declare.filters import EVERYTHING, Filter, beside, may_have_met, meets
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import Fold
from projections.kit.read.conditions import Condition, equals, filtered


@dataclass(frozen=True, slots=True)
class Interest:
    """Of the rows of a view. Rows and values are of any type, hence Any."""

    meets: Callable[[Any], bool] = lambda row: True
    """Whether a row, as it stands, is one of those that are watched."""
    concerns: Callable[[Any | None, Event, Key, Fold], bool] = lambda row, event, key, fold: True
    """Whether an event may be about a row that is, or just was, one of them.

    The row may have moved on since, or be gone."""

    where: Sequence[Condition] = ()
    """The same as ``meets``, of the rows that are there."""
    named_by: int = 0
    """Which part of a row's key is its id, where all that are watched have the others in common."""
    beside: Collection[type[PostgresView[Any]]] = ()
    """Other views that ``where`` reads."""


EVERYTHING_THERE_IS = Interest()


def interest(
    view: type[PostgresView[Any]],
    filter: Filter = EVERYTHING,
    within: Mapping[str, Any] = MappingProxyType({}),
) -> Interest:
    """The rows that meet a filter, of those that have the values ``within`` in their keys."""
    places, hints = {view.key.index(column): value for column, value in within.items()}, types_of(view.row)

    def concerns(row: Any | None, event: Event, key: Key, fold: Fold) -> bool:
        if any(key[place] != value for place, value in places.items()):
            return False
        return may_have_met(filter, row, event, fold, hints)

    where = [
        filtered(view, filter),
        *(part for column, value in within.items() for part in equals(column, value)),
    ]
    named_by = next(place for place in range(len(view.key)) if place not in places)
    return Interest(partial(meets, filter), concerns, where, named_by, beside(filter))
