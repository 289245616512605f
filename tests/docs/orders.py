"""The page of orders, with the table of their states made from the code."""

import inspect

from domain.commerce.order_states import TRANSITIONS, Next, OrderAct, OrderStatus

PAGE = "docs/orders.md"

_TOP = """# Orders and payments

A tenant sells *products*, of which each has a stock keeping unit of its own, a price and a currency. An *order*
of a user names products; what they are called and cost is kept with it as it is at that moment, and never
follows a later change. Its total is the exact sum of its items, in one currency, more than 0 and at most
99,999,999.99. Whoever places it may say the prices and the total that the buyer was shown: it is refused if
they are others by now. Its number is the next one of the tenant, without a gap ([ADR
60](decisions/0060-order-numbers-are-given-in-the-append.md)). Where it is shipped to is sealed under the
buyer's key; once they are forgotten nobody reads it, and the totals stay. How they pay, and why an order was
cancelled, are values of a list, and why a payment failed is a word: an order holds no sentence about anybody.

```graphql
mutation {
  createProduct(input: { sku: "MUG-1", name: "Mug", price: "12.50", currency: "EUR" }) {
    ... on ProductReceipt { product { id } }
    ... on Refused { code message field }
  }
}
```

```graphql
mutation Buy($product: ID!) {
  placeOrder(input: { items: [{ productId: $product, quantity: 2 }], currency: "EUR", totalAmount: "25.00" }) {
    ... on OrderReceipt { order { id number status total { amount currency } } }
    ... on Refused { code message field }
  }
}
```

Members place orders of their own (`commerce:buy`), and with `commerce:write` those of everybody, as the program
of a storefront does by an API key. Guests read, and order nothing by themselves (`commerce:read`): where the
customers of a shop are guests of its tenant and order for themselves, give them a role with `commerce:buy`. An
interface offers `placeOrder` to whose `viewer` has `commerce:buy` or `commerce:write`. Whoever an order is for may
cancel it, and others may with `commerce:write`.

Amounts are `Money`: a text with just the decimal places that ISO 4217 gives the currency, 12.50 EUR, 100 JPY or
1.500 KWD. An amount that is finer than that is refused, never rounded.

## Payments

Whoever moves the money says what has moved, each payment and each refund by the id that it has there. The same
one told again changes nothing, however many tell it at once. Several payments of one order are kept apart, and
one payment belongs to one order. Money that has moved is never refused for the state of an order: less than the
total leaves it placed, and what is more than the total, or comes for what is cancelled or refunded, is shown as
`refundOwed`. A payment that failed has a way back: another one.

```graphql
mutation Paid($order: ID!) {
  recordPayment(input: { id: $order, provider: MANUAL, paymentId: "wire-1", amount: "25.00", currency: "EUR" }) {
    ... on OrderReceipt { order { status paid { amount currency } refundOwed { amount currency } } }
    ... on Refused { code message field }
  }
}
```

`recordPaymentFailure` and `recordRefund` tell the rest, `cancelOrder` and `fulfilOrder` end an order, and
`orderChanged` tells all of it live.

## Payments at Stripe and PayPal

A source that is connected to Stripe or PayPal ([callbacks](gateway.md#callbacks-of-providers)) records payments by
itself. Name the order, by its id, where the provider keeps what is yours: at Stripe in `metadata.order_id` of the
payment intent, or as `client_reference_id` of the checkout session; at PayPal as `custom_id` of the purchase unit.

- Of Stripe is read: `payment_intent.succeeded` and `.payment_failed`, `checkout.session.completed`,
  `.async_payment_succeeded` and `.async_payment_failed`; and of refunds, once they succeeded or failed,
  `refund.created`, `refund.updated`, `refund.failed` and `charge.refund.updated`: an endpoint at Stripe must
  subscribe to all four. A refund is not recorded by itself where one of the same payment and amount was told
  of before in another way, by an id such as `ch_1/500`: it becomes a dead letter. If it is another one
  indeed, record it by hand with an id of that form.
- Of PayPal is read: `PAYMENT.CAPTURE.COMPLETED`, `.DENIED`, `.DECLINED`, `.REFUNDED`, `.REVERSED`, and
  `PAYMENT.REFUND.FAILED`; a refund counts once its status is `COMPLETED`.

Payments of a provider's test mode settle nothing, unless the environment of the source is one for tests
([which](gateway.md#callbacks-of-providers)).

A payment is known by its id at the provider, a payment intent or a capture: whichever events tell of it, and
however often, it is recorded once, and a refund by its own id there. What else is told of the payment need not
name the order again, and may come first: it waits until one event names the order, for 90 days. A payment that
names none is none of ours and changes nothing; the callback is kept as an event all the same. Stripe's amounts
are read in Stripe's own units: MGA has no decimal places there, ISK and UGX have two.

What is told of an order that is not there yet, or a refund of a payment that is not, waits for it during 21 hours,
and nothing waits behind it: where the payment names another order meanwhile, it pays that one at once, its refunds
go with it, and what named the first becomes a dead letter (`already_taken`).
Then, and at once when an order refuses it, as a payment in another currency, it becomes a dead letter of the rule
`payment` with the reason. So does at once what names an order by anything but its id, its number say, and what
says no amount or currency that can be read. The text of such a letter is not what the provider sent:

```json
{
  "outsideEventId": "c5feeda3-12d5-5e5f-b346-ce244402faba",
  "orderId": null,
  "provider": "stripe",
  "outcome": "settled",
  "paymentId": "pi_1",
  "amount": "25.00",
  "currency": "EUR"
}
```

`replayDeadLetter` has it recorded again. Of its text `orderId` alone may be corrected; what moved stays what the
provider told, under `outsideEventId`. Where `amount` is null, record the payment by hand and discard the letter.
The letter of what names an order otherwise than by its id is closed by itself once another event of the payment
names the order; what the order then refuses is another letter.

A refund that fails after it was recorded, as where the buyer's account is closed, stays recorded: the money is at
the provider again, and that is a dead letter of the rule `payment`, whose message begins with `refund_failed`. Pay
it out in another way, and discard the letter. A refund that fails without having been recorded changes nothing.

## States

What follows upon what, or the code of the refusal. This table is made from the code, and a test compares.

"""


def page() -> str:
    """The text of the page."""
    acts = list(OrderAct)
    head = f"| | {' | '.join(f'`{act}`' for act in acts)} |\n|---|{'---|' * len(acts)}\n"
    rows = [
        f"| `{status}` | {' | '.join(_cell(status, TRANSITIONS[status][act]) for act in acts)} |\n"
        for status in OrderStatus
    ]
    refusals = {
        following.code: " ".join(inspect.cleandoc(following.__doc__ or "").split())
        for row in TRANSITIONS.values()
        for following in row.values()
        if not isinstance(following, OrderStatus)
    }
    told = "".join(f"- `{code}`: {text}\n" for code, text in sorted(refusals.items()))
    return f"{_TOP}{head}{''.join(rows)}\n{told}"


def _cell(status: OrderStatus, following: Next) -> str:
    if isinstance(following, OrderStatus):
        return "" if following is status else f"{following}"
    return f"*`{following.code}`*"
