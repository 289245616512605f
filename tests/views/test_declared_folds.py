"""Folds that a view states: what they make of rows, and what is refused when the view's class is made."""

from datetime import datetime
from types import new_class
from typing import Annotated, Any
from uuid import UUID

import pytest

from domain.kit.events import Event
from domain.kit.fields import Describe, Len, Personal
from domain.kit.model import Aggregate
from domain.kit.scenario import NOON, on
from projections.kit.declare.folds import (
    POSITION,
    STREAM,
    TIME,
    DeclaredFold,
    EventField,
    First,
    Key,
    Last,
    Sum,
    carried,
    counted,
    removed,
    stamped,
)
from projections.kit.declare.folds import on as folds
from projections.kit.model import CreatedAt, Index, PostgresView, RedisView, Row, UpdatedAt, Version, replace
from projections.kit.store.tables import table_shape
from tests.kit.folding import folded

ID, OTHER, SHOP = UUID(int=1), UUID(int=2), UUID(int=3)


class Order(Aggregate, topic="declared_folds.order"):
    """A toy."""

    class Placed(Event):
        shop_id: UUID
        title: str
        amount: int

    class Titled(Event):
        title: str

    class Described(Event):
        text: str | None

    class Moved(Event):
        goes_to: UUID

    class Seen(Event):
        pass

    class Refunded(Event):
        shop_id: UUID
        amount: int

    class Cancelled(Event, ends=True):
        pass


class OrderRow(Row):
    """An order."""

    id: UUID
    shop_id: UUID
    title: str
    amount: int
    state: str = "open"
    seen_at: datetime | None = None
    position: int = 0
    created_at: CreatedAt
    updated_at: Annotated[UpdatedAt, Describe("When anything happened.")]
    version: Version


class ShopRow(Row):
    """What a shop takes in."""

    shop_id: UUID
    orders: int = 0
    sum: int = 0
    first_title: str | None = None
    last_title: str | None = None
    last_at: datetime | None = None


PLACED = Order.Placed(shop_id=SHOP, title="Honey", amount=5)
ROW = OrderRow(id=ID, shop_id=SHOP, title="Honey", amount=5, created_at=NOON, updated_at=NOON, version=1)


# A class made at run time has no static type, hence Any.
def orders(**folds: object) -> Any:
    """The class of a view of orders with these folds."""
    return new_class(
        "Orders", (PostgresView[OrderRow],), {"name": "test.orders"}, lambda own: own.update(folds)
    )


def shops(**folds: object) -> Any:
    """The class of a view of shops with these folds."""
    keywords = {"name": "test.shops", "key": "shop_id"}
    return new_class("Shops", (RedisView[ShopRow],), keywords, lambda own: own.update(folds))


CREATED = carried(Order.Placed, first=True)


@pytest.mark.parametrize(
    ("fold", "event", "expected"),
    [
        (carried(Order.Titled), Order.Titled(title="Jam"), replace(ROW, title="Jam", version=2)),
        (
            carried(Order.Titled, state="closed", seen_at=TIME),
            Order.Titled(title="Jam"),
            replace(ROW, title="Jam", state="closed", seen_at=NOON, version=2),
        ),
        (
            carried(Order.Moved, shop_id=EventField("goes_to")),
            Order.Moved(goes_to=OTHER),
            replace(ROW, shop_id=OTHER, version=2),
        ),
        (carried(Order.Seen, shop_id=STREAM), Order.Seen(), replace(ROW, shop_id=ID, version=2)),
        (stamped(Order.Seen), Order.Seen(), replace(ROW, version=2)),
        (removed(Order.Cancelled), Order.Cancelled(), None),
        (
            counted(Order.Refunded, amount=Sum("amount", -1)),
            Order.Refunded(shop_id=SHOP, amount=2),
            replace(ROW, amount=3, version=2),
        ),
    ],
)
def test_states_how_a_row_changes(fold: DeclaredFold, event: Event, expected: OrderRow | None) -> None:
    found = folded(orders(created=CREATED, changed=fold)(), on(ID, PLACED, event))
    assert found == ({} if expected is None else {(ID,): expected})


def test_makes_a_row_only_where_it_is_said() -> None:
    upserted = carried(Order.Placed, upsert=True, position=POSITION)
    twice = on(ID, PLACED, Order.Placed(shop_id=SHOP, title="Jam", amount=1))
    rows = folded(orders(placed=upserted)(), twice)
    assert rows == {(ID,): replace(ROW, title="Jam", amount=1, position=2, version=2)}
    changed = orders(placed=CREATED, titled=carried(Order.Titled))()
    with pytest.raises(TypeError, match="must be a"):
        folded(changed, on(ID, Order.Titled(title="Jam")))


def test_counts_from_the_defaults() -> None:
    placed = counted(
        Order.Placed,
        by="shop_id",
        orders=1,
        sum=Sum("amount"),
        first_title=First("title"),
        last_title=Last("title"),
        last_at=Last(),
    )
    refunded = counted(Order.Refunded, by="shop_id", orders=-1, sum=Sum("amount", -1))
    jam, refund = Order.Placed(shop_id=SHOP, title="Jam", amount=2), Order.Refunded(shop_id=SHOP, amount=5)
    found = folded(shops(placed=placed, refunded=refunded)(), on(ID, PLACED, refund), on(OTHER, jam))
    row = ShopRow(shop_id=SHOP, orders=1, sum=2, first_title="Honey", last_title="Jam", last_at=NOON)
    assert found == {(SHOP,): row}


@pytest.mark.parametrize(
    ("fold", "complaint"),
    [
        (carried(Order.Seen), r"^Orders\.fold: Order\.Seen and OrderRow share no field\."),
        (carried(Order.Titled, first=True), r"^Orders\.fold: Order\.Titled does not give OrderRow\.amount\."),
        (carried(Order.Titled, upsert=True), r"does not give OrderRow\.amount\."),
        (carried(Order.Titled, stat="closed"), r"^Orders\.fold: OrderRow has no field 'stat'\."),
        (carried(Order.Titled, state=3), r"^Orders\.fold: OrderRow\.state is str, not 3\."),
        (carried(Order.Titled, state=TIME), r"OrderRow\.state is str, but Order\.Titled gives datetime\."),
        (carried(Order.Titled, state=EventField("name")), r"Order\.Titled has no field 'name'\."),
        (
            carried(Order.Described, title=EventField("text")),
            r"OrderRow\.title is str, but .* gives str \| None",
        ),
        (
            counted(Order.Titled, amount=Sum("title")),
            r"OrderRow\.amount is int, but Order\.Titled gives str\.",
        ),
        (counted(Order.Titled, amount="1"), r"^Orders\.fold: amount cannot be counted by '1'\."),
        (counted(Order.Placed, by="shop_id", amount=1), r"OrderRow\.amount has no default to begin at\."),
    ],
)
def test_refuses_what_does_not_fit_when_the_class_is_made(fold: DeclaredFold, complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        orders(fold=fold)


def test_refuses_to_stamp_a_row_without_stamps() -> None:
    with pytest.raises(TypeError, match=r"^Shops\.seen: ShopRow has no stamp\."):
        shops(seen=stamped(Order.Seen))


def test_a_method_that_takes_no_row_says_that_it_is_the_first_and_the_other_way_round() -> None:
    def seen(self: object, row: OrderRow, event: Order.Seen) -> OrderRow:
        return row

    def placed(self: object, row: None, event: Order.Placed) -> OrderRow:
        return ROW

    with pytest.raises(TypeError, match=r"^Orders\.seen takes the first events of its rows"):
        orders(seen=folds(Order.Seen, first=True)(seen))
    with pytest.raises(TypeError, match=r"^Orders\.placed declares row: None"):
        orders(placed=folds(Order.Placed)(placed))


def test_the_key_of_one_field_is_no_tuple() -> None:
    def seen(self: object, row: OrderRow | None, event: Order.Seen, key: Key) -> OrderRow | None:
        return row

    with pytest.raises(TypeError, match=r"^Orders\.seen: the key of one field is its value"):
        orders(seen=folds(Order.Seen)(seen))


def test_a_row_is_a_row() -> None:
    with pytest.raises(TypeError, match="row int is not a Row"):
        new_class("Numbers", (PostgresView[int],), {"name": "test.numbers"})  # type: ignore[type-var]


def test_an_event_is_folded_once() -> None:
    complaint = r"^Orders\.(seen|titled) takes Order\.Titled, and so does (seen|titled)\."
    with pytest.raises(TypeError, match=complaint):
        orders(placed=CREATED, titled=carried(Order.Titled), seen=stamped(Order.Titled))


@pytest.mark.parametrize(
    ("name", "declared", "complaint"),
    [
        ("orders", {}, "Orders is called 'orders', which is not schema.table"),
        (
            "test.orders",
            {"indexes": (Index("by_stat", ("stat desc",)),)},
            "by_stat names stat, which OrderRow",
        ),
        ("test.orders", {"words": ("text",)}, "words names text, which OrderRow has not"),
        (
            "test.orders",
            {"collated": {"title": ("title", "text")}},
            "collated names text, which OrderRow has not",
        ),
    ],
)
def test_a_table_has_its_columns(name: str, declared: dict[str, object], complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        new_class("Orders", (PostgresView[OrderRow],), {"name": name}, lambda own: own.update(declared))


def test_a_sealed_column_is_as_long_as_what_is_sealed() -> None:
    class PaperRow(Row):
        id: UUID
        title: Annotated[str, Len(1, 100)]
        author: Annotated[str, Len(1, 100), Personal()]

    class Papers(PostgresView[PaperRow], name="test.papers"):
        """A toy."""

    assert table_shape(Papers, 1).columns == {"id": "UUID", "title": "VARCHAR(100)", "author": "TEXT"}


def test_some_fold_makes_the_row() -> None:
    complaint = r"^Orders: no fold makes a OrderRow; one says first=True, or upsert=True\."
    with pytest.raises(TypeError, match=complaint):
        orders(placed=carried(Order.Placed), titled=carried(Order.Titled), gone=removed(Order.Cancelled))
