"""What stands inside objects that an event holds is masked by what each of its fields says."""

from decimal import Decimal
from uuid import UUID

import msgspec

from app.catalogue.masked_dump import EventMask, Pseudonyms
from domain.commerce.orders import Order
from tests.commerce.histories import item, placed


def test_an_item_keeps_its_amounts_and_loses_what_people_wrote() -> None:
    event = placed(items=(item(),))
    masked = EventMask(Pseudonyms(b"key")).payload(Order.Placed.stored_as, msgspec.json.encode(event))
    (ordered,) = masked["items"]
    assert UUID(ordered["product_id"]) == item().product_id
    assert (Decimal(ordered["price"]), ordered["quantity"]) == (Decimal("12.50"), 2)
    assert ordered["name"].startswith("name-")
    assert ordered["sku"].startswith("sku-")
