"""The shop of a demo company: every order is of what it sells, and its numbers have no gap."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from app.composition.write_side import written
from app.demo.demo import SMALL
from app.demo.narration import tell
from app.demo.shop import Shop
from app.settings import Settings
from domain.commerce.order_states import OrderStatus
from domain.commerce.orders import Order
from domain.kit.log import Selection

START = datetime(2030, 1, 1, tzinfo=UTC)
ORDERS = 150


async def test_a_shop_has_orders_in_every_state(settings: Settings) -> None:
    async with written(settings) as side:
        company = replace(SMALL, tasks=5, orders=ORDERS)
        await tell(side.log, side.codec, company, start=START)
        types = [Order.Placed.stored_as]
        found = await side.log.read(limit=1_000, select=Selection(tenant_id=company.id, types=types))
        numbers = [event.number for event in side.codec.decode_all(found) if isinstance(event, Order.Placed)]
        assert numbers == list(range(1, ORDERS + 1))
        shop = Shop(id=company.id, owner=company.person(0), buyers=(), orders=ORDERS)
        streams = await side.log.streams(company.id, [shop.order(number) for number in range(ORDERS)])
        last = [side.codec.decode(events[-1]) for events in streams.values()]
        states = Counter(getattr(event, "status", OrderStatus.PLACED) for event in last)
        assert states[OrderStatus.FULFILLED] > ORDERS // 2
        assert {OrderStatus.CANCELLED, OrderStatus.PAYMENT_FAILED} < states.keys()
