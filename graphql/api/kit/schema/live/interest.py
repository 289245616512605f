"""What somebody who watches wants to hear of: rows that meet a filter, and those that have just left it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.kit.execution.errors import ClientError
from api.kit.schema.filters import Operator
from domain.kit.events import Event
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import Fold
from projections.kit.read.conditions import Condition, equals
from projections.kit.read.search_query import BadQuery

_UNSAID = object()


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


EVERYTHING_THERE_IS = Interest()


def interest(
    view: type[PostgresView[Any]],
    fields: Mapping[str, tuple[Operator, Any]],
    given: Mapping[str, Any],
    within: Mapping[str, Any] = MappingProxyType({}),
) -> Interest:
    """The rows that meet what was given for these fields, or what each means where nothing was; of those that have
    the values ``within`` in their keys.

    Raises a client's error for what cannot be asked."""
    wanted = [
        (how, how.default if given.get(name) is None else given[name]) for name, (how, _) in fields.items()
    ]
    conditions = [(how, value) for how, value in wanted if value is not None]

    def meets(row: Any) -> bool:
        return all(_meets(how, getattr(row, how.column), value) for how, value in conditions)

    places = {view.key.index(column): value for column, value in within.items()}

    def concerns(row: Any | None, event: Event, key: Key, fold: Fold) -> bool:
        if any(key[place] != value for place, value in places.items()):
            return False
        return all(_may_have_met(how, value, row, event, fold) for how, value in conditions)

    try:
        where = [part for how, value in conditions for part in how.condition(view, how.column, value)]
        where += [part for column, value in within.items() for part in equals(column, value)]
    except BadQuery as error:
        raise ClientError(str(error), code="BAD_USER_INPUT") from None
    named_by = next(place for place in range(len(view.key)) if place not in places)
    return Interest(meets, concerns, where, named_by)


def _meets(how: Operator, held: Any, value: Any) -> bool:
    return held is not None and how.meets is not None and how.meets(held, value)


def _may_have_met(how: Operator, value: Any, row: Any | None, event: Event, fold: Fold) -> bool:
    """Whether the column met the value before or after the event, or does now.

    An event that changes a column should say what it held; of one that does not, every row is told that may have
    been in the list: to be told of a row that is not there does no harm.
    """
    column, previous = how.column, getattr(event, "previous", _UNSAID)
    says = hasattr(event, column)
    held = [getattr(row, column, None), getattr(event, column, None)]
    # An event that takes an id away says which, and nothing else of the column; a status is no id.
    if says or isinstance(previous, UUID):
        held.append(None if previous is _UNSAID else previous)
    if any(_meets(how, former, value) for former in held):
        return True
    if fold.first or (says and (previous is not _UNSAID or row is None)):
        return False
    return row is None or fold.changes is None or column in fold.changes
