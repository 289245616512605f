"""What lists of a type are narrowed and sorted by: the same wherever they hang, at the root or on an object.

It is said by the type's resource, or follows from the view, and known only when all modules are: types may show
each other, and what an object lists is often declared after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from typing import Annotated, Any, get_args

import strawberry
from strawberry.types.lazy_type import LazyType, StrawberryLazyReference

from api.kit.execution.access import Permit, permits
from api.kit.schema.commands import camel
from api.kit.schema.context import RequestContext
from api.kit.schema.filters import AnyView, RowFilter, row_filter
from domain.kit.events import snake
from domain.kit.fields import Confidential, Opened, Personal, Restricted, hints_of, is_marked, types_of
from projections.kit.read.keyset import Order


@strawberry.enum(description="The direction of a sort order.")
class Direction(Enum):
    """Upwards or downwards."""

    ASC = strawberry.enum_value("asc", description="The smallest or earliest first.")
    DESC = strawberry.enum_value("desc", description="The greatest or latest first.")


DIRECTION = Annotated[
    Direction | None,
    strawberry.argument(
        description="The sort direction; by default ascending for text and descending for everything else."
    ),
]


ORDER = strawberry.argument(description="The sort order; by default the one that the list says.")


@dataclass
class Narrowing:
    """What the lists of one type, of the rows of one view, take."""

    shown: type
    view: AnyView
    plural: str
    """What they are called in a sentence."""
    filter: type[RowFilter] | None = None
    orders: Mapping[str, Order] = field(default_factory=dict)
    """The sort orders by their names, the first one the default."""

    def filtered(self) -> type[RowFilter]:
        """The input that narrows them, which follows from the view where nothing was said."""
        if self.filter is None:
            self.filter = row_filter(self.shown, self.view, name=self.filter_name, description=self.which)
        return self.filter

    def sorted(self, own: str) -> Mapping[str, Order]:
        """The orders that a list takes whose own is by this column."""
        if not self.orders:
            columns = dict.fromkeys((own, *self.view.sorted_by))
            self.orders = {column.upper(): ordered(self.view, column) for column in columns}
        return self.orders

    @property
    def filter_name(self) -> str:
        """What the input is called."""
        return f"{self.shown.__name__}Filter"

    @property
    def which(self) -> str:
        """What the input says that it is."""
        return f"Which {self.plural}: those that meet all that is given."


_known: dict[tuple[type, AnyView], Narrowing] = {}


def narrowing(shown: type, view: AnyView) -> Narrowing:
    """What the lists of this type and view take; there is one."""
    if (shown, view) not in _known:
        plural = f"{snake(shown.__name__).replace('_', ' ')}s"
        _known[shown, view] = Narrowing(shown, view, plural)
    return _known[shown, view]


def ordered(view: AnyView, column: str) -> Order:
    """The order by a column of the view's row.

    Raises TypeError for one whose values are hidden: whoever sees what comes before what has read them.
    """
    hint = hints_of(view.row)[column]
    if is_marked(hint, Confidential, Restricted) or (
        is_marked(hint, Personal) and not is_marked(hint, Opened)
    ):
        raise TypeError(f"{view.__name__}: {column!r} is not shown to everybody, so nothing is sorted by it.")
    return Order(column, nullable=type(None) in get_args(types_of(view.row)[column]))


@cache
def order_type(name: str, orders: tuple[tuple[str, Order], ...]) -> Any:
    """The enum of these sort orders; the same lists of one type share it."""
    values = {key: strawberry.enum_value(key, description=_text(order)) for key, order in orders}
    # Enum's functional form takes plain values, and the checker cannot see through it.
    make: Any = Enum
    return strawberry.enum(make(f"{name}Order", values), description=f"The sort order of `{name}` lists.")


def _text(order: Order) -> str:
    if order.column == "place":
        # It is shown by the order alone.
        return "In the order of the items."
    return f"By `{camel(order.column)}`" + (", nulls last." if order.nullable else ".")


def directed(view: AnyView, order: Order, direction: Direction | None) -> Order:
    """An order that was asked for, in this direction, or in the one that is usual for the column."""
    upwards = types_of(view.row)[order.column] is str if direction is None else direction is Direction.ASC
    return replace(order, descending=not upwards)


def require_readable(ask: RequestContext, shown: type, *given: object) -> None:
    """Raise a client's error where something was given to narrow or sort a list by, unless the caller may read the
    type: who asks for a value and sees what is found has read it, though nothing else is selected."""
    needs = getattr(shown, "__needs__", None)
    compares = any(each is not None for each in given)
    if compares and needs and permits(ask.caller, needs) is not Permit.GRANTED:
        ask.require(needs)


@dataclass(frozen=True)
class Later(LazyType[Any, Any]):
    """A type that is known when all modules are."""

    of: Callable[[], Any] = lambda: None

    def resolve_type(self) -> Any:
        """The type."""
        return self.of()


@dataclass(frozen=True)
class NestedArguments:
    """What a list on objects takes, whose own order is by a column. ``shown`` may be lazy, hence Any."""

    shown: Any
    view: AnyView
    own: str

    @property
    def narrowing(self) -> Narrowing:
        """What all lists of the type take."""
        return narrowing(self.kind(), self.view)

    def kind(self) -> type:
        """The type that is listed."""
        if isinstance(self.shown, type):
            return self.shown
        name, lazily = get_args(self.shown)
        assert isinstance(lazily, StrawberryLazyReference)
        return lazily.resolve_forward_ref(name).resolve_type()

    def orders(self) -> Mapping[str, Order]:
        """The orders it takes by their names."""
        return self.narrowing.sorted(self.own)

    def annotations(self) -> dict[str, Any]:
        """The arguments by their names."""
        filter = Later("Filter", __name__, None, self._filter)
        order = Later("Order", __name__, None, self._order_type)
        what = strawberry.argument(description="The filter; everything by default.")
        return {
            "filter": Annotated[filter | None, what],
            "order_by": Annotated[order | None, ORDER],
            "direction": DIRECTION,
        }

    def _filter(self) -> type[RowFilter]:
        return self.narrowing.filtered()

    def _order_type(self) -> Any:
        return order_type(self.kind().__name__, tuple(self.orders().items()))
