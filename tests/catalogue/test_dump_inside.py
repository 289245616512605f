"""What stands inside objects that an event holds is masked by what each of its fields says."""

from decimal import Decimal
from uuid import UUID

import msgspec

from app.catalogue.masked_dump import EventMask, Pseudonyms, RowMask
from domain.commerce.orders import Order
from projections.gateway.analytics import EventAnalytics
from projections.kit.declare.sketches import UniqueCount
from tests.commerce.histories import item, placed


def test_an_item_keeps_its_amounts_and_loses_what_people_wrote() -> None:
    event = placed(items=(item(),))
    masked = EventMask(Pseudonyms(b"key")).payload(Order.Placed.stored_as, msgspec.json.encode(event))
    (ordered,) = masked["items"]
    assert UUID(ordered["product_id"]) == item().product_id
    assert (Decimal(ordered["price"]), ordered["quantity"]) == (Decimal("12.50"), 2)
    assert ordered["name"].startswith("name-")
    assert ordered["sku"].startswith("sku-")


def test_of_what_was_counted_no_value_can_be_guessed() -> None:
    counted = UniqueCount().plus("customer-1").plus("customer-2")
    row = {"users": msgspec.to_builtins(counted)}
    masked = RowMask(EventAnalytics, Pseudonyms(b"key")).row(row)
    found = msgspec.convert(masked["users"], UniqueCount)
    assert found.count == 2
    assert not set(found.hashes) & set(counted.hashes)
    assert found.hashes == tuple(sorted(found.hashes))
