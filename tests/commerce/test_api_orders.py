"""A shop through the API: products, orders, payments, and who sees what."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product

EUR = "EUR"


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": EUR}


async def a_product(client: Client, sku: str = "MUG-1", price: str = "12.50", currency: str = EUR) -> str:
    input = {"sku": sku, "name": "Mug", "price": price, "currency": currency}
    receipt = await client.send("CreateProduct", input=input)
    id: str = receipt["product"]["id"]
    return id


async def an_order(client: Client, product_id: str, quantity: int = 2, **others: Any) -> dict[str, Any]:
    items = [{"productId": product_id, "quantity": quantity}]
    receipt = await client.send("PlaceOrder", input={"items": items, "currency": EUR, **others})
    order: dict[str, Any] = receipt["order"]
    return order


def payment(order: str, payment_id: str = "pi_1", amount: str = "25.00") -> dict[str, Any]:
    return {"id": order, "provider": "STRIPE", "paymentId": payment_id, "amount": amount, "currency": EUR}


async def test_an_order_is_placed_paid_and_fulfilled(client: Client) -> None:
    mug = await a_product(client)
    order = await an_order(client, mug, paymentMethod="CARD", shippingAddress="Ada\nOne Street")
    at = order["createdAt"]
    assert order == {
        "id": order["id"],
        "number": 1,
        "userId": client.me,
        "status": "PLACED",
        "total": euros("25.00"),
        "paid": euros("0.00"),
        "refunded": euros("0.00"),
        "refundOwed": euros("0.00"),
        "paymentMethod": "CARD",
        "shippingAddress": "Ada\nOne Street",
        "createdAt": at,
        "updatedAt": at,
        "fulfilledAt": None,
        "cancelledAt": None,
        "cancelReason": None,
        "version": 1,
    }
    await client.send("RecordPayment", input=payment(order["id"]))
    await client.send("UpdateProduct", input={"id": mug, "name": "Cup", "price": "99"})
    fulfilled = (await client.send("FulfilOrder", input={"id": order["id"]}))["order"]
    assert (fulfilled["status"], fulfilled["fulfilledAt"]) == ("FULFILLED", fulfilled["updatedAt"])
    shown = await client.send("Order", id=order["id"])
    assert shown["buyer"] == {"id": client.me, "name": "Ada"}
    (item,) = shown["items"]["nodes"]
    assert (item["sku"], item["name"], item["quantity"], item["price"]) == ("MUG-1", "Mug", 2, euros("12.50"))
    assert item["product"] == {"id": mug, "name": "Cup", "active": True}
    (paid,) = shown["payments"]["nodes"]
    assert (paid["provider"], paid["paymentId"], paid["status"]) == ("STRIPE", "pi_1", "SETTLED")
    assert (paid["amount"], paid["refunded"], paid["failure"]) == (euros("25.00"), euros("0.00"), None)


async def test_three_at_once_are_one_settlement(client: Client) -> None:
    order = await an_order(client, await a_product(client))
    three = [client.send("RecordPayment", input=payment(order["id"])) for _ in range(3)]
    receipts = await asyncio.gather(*three)
    assert [receipt["order"]["status"] for receipt in receipts] == ["PAID"] * 3
    shown = await client.send("Order", id=order["id"])
    assert (shown["paid"], shown["version"], len(shown["payments"]["nodes"])) == (euros("25.00"), 2, 1)


async def test_a_payment_belongs_to_one_order(client: Client) -> None:
    mug = await a_product(client)
    one, other = await an_order(client, mug), await an_order(client, mug)
    await client.send("RecordPayment", input=payment(one["id"]))
    refused = await client.send("RecordPayment", input=payment(other["id"]))
    assert (refused["code"], refused["field"]) == ("already_taken", "paymentId")


async def test_a_refund_belongs_to_one_payment(client: Client) -> None:
    mug = await a_product(client)
    one, other = await an_order(client, mug), await an_order(client, mug)
    for order, paid in ((one, "pi_1"), (one, "pi_2"), (other, "pi_3")):
        await client.send("RecordPayment", input=payment(order["id"], paid))
    first = {**payment(one["id"], amount="5"), "refundId": "re_1"}
    refunded = (await client.send("RecordRefund", input=first))["order"]["refunded"]
    assert refunded == (await client.send("RecordRefund", input=first))["order"]["refunded"] == euros("5.00")
    for wrong in ({**first, "amount": "999"}, {**first, "paymentId": "pi_2"}):
        refused = await client.send("RecordRefund", input=wrong)
        assert (refused["code"], refused["field"]) == ("refund_differs", "refundId")
    refused = await client.send("RecordRefund", input={**first, "id": other["id"], "paymentId": "pi_3"})
    assert (refused["code"], refused["field"]) == ("already_taken", "refundId")
    (refund,) = (await client.send("Order", id=one["id"]))["refunds"]["nodes"]
    assert (refund["refundId"], refund["paymentId"], refund["amount"]) == ("re_1", "pi_1", euros("5.00"))


async def test_who_is_owed_and_whose_payment_it_is_are_found(client: Client) -> None:
    mug = await a_product(client)
    order, _ = await an_order(client, mug), await an_order(client, mug)
    await client.send("RecordPayment", input=payment(order["id"], amount="30"))
    owed = await client.send("Orders", filter={"refundOwed": {"gt": "0"}, "currency": {"eq": EUR}})
    assert [edge["node"]["id"] for edge in owed["edges"]] == [order["id"]]
    paid = await client.send("Payments", filter={"paymentId": {"eq": "pi_1"}})
    assert [edge["node"]["order"]["id"] for edge in paid["edges"]] == [order["id"]]


async def test_a_buyer_hears_of_their_own_orders_alone(product: Product, client: Client) -> None:
    mug = await a_product(client)
    buys = {"commerce:buy"}
    guest = await product.newcomer("Zoe", tenant=client.tenant, role="guest", permissions=buys)
    of_owner, own = await an_order(client, mug), await an_order(guest, mug)
    async with guest.watching("MyOrderChanged", initial=True) as messages:
        state = await anext(messages)
        assert [node["id"] for node in state["nodes"]] == [own["id"]]
        for order, paid in ((of_owner, "pi_1"), (own, "pi_2")):
            await client.send("RecordPayment", input=payment(order["id"], paid))
        await client.send("CancelOrder", input={"id": of_owner["id"]})
        await client.send("CancelOrder", input={"id": own["id"], "reason": "MISTAKE"})
        changes = [await anext(messages) for _ in range(2)]
    assert [change["nodeId"] for change in changes] == [own["id"]] * 2
    assert changes[-1]["node"]["cancelReason"] == "MISTAKE"


async def test_a_late_payment_is_owed_back(client: Client) -> None:
    order = await an_order(client, await a_product(client))
    await client.send("CancelOrder", input={"id": order["id"], "reason": "CHANGED_MIND"})
    late = (await client.send("RecordPayment", input=payment(order["id"])))["order"]
    assert (late["status"], late["refundOwed"]) == ("CANCELLED", euros("25.00"))
    input = {**payment(order["id"]), "refundId": "re_1"}
    back = (await client.send("RecordRefund", input=input))["order"]
    assert (back["refunded"], back["refundOwed"]) == (euros("25.00"), euros("0.00"))


async def test_a_failed_payment_is_paid_again(client: Client) -> None:
    order = await an_order(client, await a_product(client))
    failed = {"id": order["id"], "provider": "STRIPE", "paymentId": "pi_1", "reason": "declined"}
    receipt = await client.send("RecordPaymentFailure", input=failed)
    assert receipt["order"]["status"] == "PAYMENT_FAILED"
    assert (await client.send("RecordPayment", input=payment(order["id"])))["order"]["status"] == "PAID"


async def test_orders_at_once_have_numbers_without_a_gap(client: Client) -> None:
    mug = await a_product(client)
    orders = await asyncio.gather(*(an_order(client, mug) for _ in range(30)))
    assert sorted(order["number"] for order in orders) == list(range(1, 31))
    refused = await client.send("PlaceOrder", input={"items": [], "currency": EUR})
    assert (refused["code"], refused["field"]) == ("invalid", "items")
    assert (await an_order(client, mug))["number"] == 31


async def test_orders_of_other_tenants_are_numbered_for_themselves(product: Product, client: Client) -> None:
    await an_order(client, await a_product(client))
    other = await product.newcomer()
    assert (await an_order(other, await a_product(other)))["number"] == 1


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"currency": "USD"}, "one_currency_only", "currency"),
        ({"currency": "XXX"}, "invalid", "currency"),
        ({"totalAmount": "24.99"}, "total_differs", "totalAmount"),
        ({"userId": str(uuid4())}, "not_found", "userId"),
    ],
)
async def test_a_wrong_order_is_refused(client: Client, input: dict[str, str], code: str, field: str) -> None:
    items = [{"productId": await a_product(client), "quantity": 2}]
    refused = await client.send("PlaceOrder", input={"items": items, "currency": EUR, **input})
    assert (refused["code"], refused["field"]) == (code, field)


async def test_an_order_holds_no_words_about_its_buyer(client: Client) -> None:
    mug = await a_product(client)
    items = [{"productId": mug, "quantity": 1}]
    for method in ("card 4111 1111 1111 1111", "Jo Doe"):
        input = {"items": items, "currency": EUR, "paymentMethod": method}
        assert (await client.error("PlaceOrder", input=input))[0] == "BAD_USER_INPUT"
    order = await an_order(client, mug)
    cancel = {"id": order["id"], "reason": "Jo Doe moved to 5 Elm Street"}
    assert (await client.error("CancelOrder", input=cancel))[0] == "BAD_USER_INPUT"
    failed = {"id": order["id"], "provider": "STRIPE", "paymentId": "pi_1", "reason": "the card of Jo Doe"}
    refused = await client.send("RecordPaymentFailure", input=failed)
    assert (refused["code"], refused["field"]) == ("invalid", "reason")


async def test_what_is_wrong_with_an_item_is_said_where_it_stands(client: Client) -> None:
    items = [{"productId": str(uuid4()), "quantity": 0}]
    refused = await client.send("PlaceOrder", input={"items": items, "currency": EUR})
    assert (refused["code"], refused["field"]) == ("invalid", "items")
    (violation,) = refused["violations"]
    assert (violation["path"], violation["code"]) == (["items", "0", "quantity"], "too_small")


async def test_an_unknown_product_and_another_price_are_refused(client: Client) -> None:
    items: list[dict[str, Any]] = [{"productId": str(uuid4()), "quantity": 1}]
    refused = await client.send("PlaceOrder", input={"items": items, "currency": EUR})
    assert (refused["code"], refused["field"]) == ("not_found", "items")
    assert refused["violations"][0]["path"] == ["items", "0", "productId"]
    items = [{"productId": await a_product(client), "quantity": 1, "price": "12.49"}]
    refused = await client.send("PlaceOrder", input={"items": items, "currency": EUR})
    assert (refused["code"], refused["message"]) == ("price_differs", "The price of Mug is 12.50 EUR.")


async def test_a_sku_is_taken_in_any_case(client: Client) -> None:
    await a_product(client, "mug-1")
    input = {"sku": "MUG-1", "name": "Mug", "price": "1", "currency": EUR}
    refused = await client.send("CreateProduct", input=input)
    assert (refused["code"], refused["field"]) == ("already_taken", "sku")


async def test_products_are_found_and_switched_off(client: Client) -> None:
    mug, _ = await a_product(client), await a_product(client, "YEN-1", "100", "JPY")
    await client.send("DeactivateProduct", input={"id": mug})
    listed = await client.send("Products", filter={"active": {"eq": True}, "text": "mug"})
    assert [edge["node"]["price"] for edge in listed["edges"]] == [{"amount": "100", "currency": "JPY"}]
    items = [{"productId": mug, "quantity": 1}]
    refused = await client.send("PlaceOrder", input={"items": items, "currency": EUR})
    assert refused["code"] == "product_is_inactive"
    assert (await client.send("ActivateProduct", input={"id": mug}))["product"]["active"]


async def test_guests_see_their_own_orders_alone(product: Product, client: Client) -> None:
    mug = await a_product(client)
    of_owner = await an_order(client, mug)
    reader = await product.newcomer("Zoe", tenant=client.tenant, role="guest")
    items = [{"productId": mug, "quantity": 1}]
    refused = await reader.send("PlaceOrder", input={"items": items, "currency": EUR})
    assert (refused["code"], refused["message"]) == ("forbidden", "This needs the permission commerce:buy.")
    guest = product.client(client.tenant, UUID(reader.me), {"commerce:buy"}, role="guest")
    own = await an_order(guest, mug, shippingAddress="Zoe\nTwo Street")
    assert own["shippingAddress"] == "Zoe\nTwo Street"
    mine = await guest.send("MyOrders")
    assert [node["id"] for node in mine["nodes"]] == [own["id"]]
    code, _ = await guest.error("Orders")
    assert code == "FORBIDDEN"
    unseen = await guest.send("CancelOrder", input={"id": of_owner["id"]})
    unknown = await guest.send("CancelOrder", input={"id": str(uuid4())})
    assert unseen == unknown
    assert (unseen["code"], unseen["field"]) == ("not_found", "id")
    assert await guest.send("Order", id=of_owner["id"]) is None
    assert (await guest.send("Order", id=own["id"]))["number"] == own["number"]
    found = await guest.send("MyOrders", filter={"number": {"eq": of_owner["number"]}})
    assert found["nodes"] == []
    # To withdraw is no purchase.
    assert (await reader.send("CancelOrder", input={"id": own["id"]}))["order"]["status"] == "CANCELLED"
    for_other = {"items": [{"productId": mug, "quantity": 1}], "currency": EUR, "userId": client.me}
    assert (await guest.send("PlaceOrder", input=for_other))["code"] == "forbidden"


async def test_orders_of_a_user_are_listed_by_status(product: Product, client: Client) -> None:
    mug = await a_product(client)
    first, second = await an_order(client, mug), await an_order(client, mug)
    await client.send("CancelOrder", input={"id": first["id"]})
    listed = await client.send("Orders", filter={"userId": {"eq": client.me}, "status": {"in": ["PLACED"]}})
    assert [edge["node"]["number"] for edge in listed["edges"]] == [second["number"]]
    of_user = await client.send("UserOrders", id=client.me)
    assert [order["number"] for order in of_user["orders"]["nodes"]] == [2, 1]


async def test_who_may_not_read_orders_learns_nothing_of_them_by_a_filter(
    product: Product, client: Client
) -> None:
    await an_order(client, await a_product(client))
    token = product.token(client.tenant, client.user, {"commerce:orders", "users:read"})
    clerk = Client(product.http, token, client.tenant, client.user)
    by = "(filter: {status: {eq: PLACED}})"
    for given, code in (("", None), (by, "FORBIDDEN"), ("(orderBy: UPDATED_AT)", "FORBIDDEN")):
        for document in (
            f"{{ orders{given} {{ totalCount }} }}",
            f"{{ users {{ nodes {{ orders{given} {{ totalCount }} }} }} }}",
        ):
            answer = (await clerk.post(document)).json()
            errors = [error["extensions"] for error in answer.get("errors", [])]
            assert {error["code"] for error in errors} == {code} - {None}, answer
            assert {error["permission"] for error in errors} == ({"commerce:read"} if code else set())


async def test_the_history_of_an_order_tells_its_events(client: Client) -> None:
    order = await an_order(client, await a_product(client), shippingAddress="Ada")
    await client.send("RecordPayment", input=payment(order["id"]))
    told = await client.send("History", stream=f"order_{order['id']}")
    assert [event["type"] for event in told["nodes"]] == [
        "commerce.order.placed",
        "commerce.order.payment_settled",
    ]
