"""A buyer is forgotten: nobody reads where their orders went, and what was sold stays as it was."""

from decimal import Decimal
from uuid import UUID, uuid4

from domain.commerce.order_commands import OrderedProduct, PlaceOrder
from domain.commerce.products import CreateProduct
from domain.kit.sealed import is_sealed, subject_of
from projections.commerce.orders import OrderItems, OrderRow, Orders
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order
from tests.privacy.estate import Estate, accepted, somebody
from tests.privacy.people import a_member, an_account, an_owner
from tests.privacy.reading import readable

STREET = "Barometer Lane 7"


async def _orders(estate: Estate, tenant: UUID) -> list[OrderRow]:
    page = await estate.rows.page(Orders, tenant, order=Order("number"), limit=10)
    return list(page.rows)


async def test_a_forgotten_buyer_leaves_totals_and_no_address(estate: Estate) -> None:
    tenant = uuid4()
    owner = await an_owner(estate, tenant)
    person = await a_member(estate, owner, *await an_account(estate))
    mug = uuid4()
    await estate.send(
        CreateProduct(id=mug, sku="MUG-1", name="Mug", price=Decimal("12.50"), currency="EUR"), owner
    )
    items = (OrderedProduct(product_id=mug, quantity=2),)
    for buyer in (person.caller, owner):
        address = f"{STREET}, floor {buyer.user_id}"
        order = PlaceOrder(
            id=uuid4(), user_id=buyer.user_id, items=items, currency="EUR", shipping_address=address
        )
        await estate.send(order, somebody(tenant, "owner", buyer.user_id))
    before = await _orders(estate, tenant)
    assert [subject_of(row.shipping_address) for row in before] == [person.id, owner.user_id]
    assert all(is_sealed(row.shipping_address) for row in before)
    assert await readable(estate, tenant, f"{STREET}, floor {person.id}") != []

    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(person.caller), person.id, reason="left"))
        await estate.settled()
    assert await readable(estate, tenant, f"{STREET}, floor {person.id}") == []
    assert await readable(estate, tenant, f"{STREET}, floor {owner.user_id}") != []
    assert [(row.number, row.total_amount) for row in await _orders(estate, tenant)] == [
        (row.number, row.total_amount) for row in before
    ]
    where = equals("user_id", person.id)
    assert await estate.rows.count(OrderItems, tenant, where) == 1
