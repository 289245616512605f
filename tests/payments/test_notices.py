"""What providers tell of payments, in the forms that they document."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.gateway.callbacks.notices import (
    InvoiceReference,
    PaymentNotice,
    PaymentOutcome,
    Unread,
    invoice_of,
)
from domain.gateway.callbacks.payments import invoice_named, payment_in, person_in, with_invoice
from domain.gateway.callbacks.providers import Callback, CallbackProvider, is_test
from domain.gateway.callbacks.stripe_payments import amount_of_stripe
from domain.kit.scenario import NOON

ORDER = UUID(int=7)
Json = dict[str, Any]
REFERENCE = {"order_id": str(ORDER)}


def of_stripe(type: str, object: Json, **data: Any) -> PaymentNotice | None:
    event = {"id": "evt_1", "type": type, "data": {"object": object, **data}}
    return payment_in(CallbackProvider.STRIPE, event)


def of_paypal(type: str, resource: Json) -> PaymentNotice | None:
    return payment_in(CallbackProvider.PAYPAL, {"id": "WH-1", "event_type": type, "resource": resource})


def settled(payment_id: str, order_id: UUID | None = ORDER) -> PaymentNotice:
    return PaymentNotice(
        outcome=PaymentOutcome.SETTLED,
        payment_id=payment_id,
        order_id=order_id,
        amount=Decimal("25.00"),
        currency="EUR",
    )


def test_stripe_tells_of_a_payment_twice_and_means_one() -> None:
    intent = {"id": "pi_1", "amount_received": 2500, "currency": "eur", "metadata": REFERENCE}
    session = {
        "id": "cs_1",
        "payment_intent": "pi_1",
        "payment_status": "paid",
        "amount_total": 2500,
        "currency": "eur",
        "client_reference_id": str(ORDER),
    }
    assert of_stripe("payment_intent.succeeded", intent) == settled("pi_1")
    assert of_stripe("checkout.session.completed", session) == settled("pi_1")
    assert of_stripe("checkout.session.completed", {**session, "payment_status": "unpaid"}) is None
    assert of_stripe("payment_intent.succeeded", {**intent, "metadata": {}}) == settled("pi_1", None)


def test_stripe_tells_why_a_payment_failed_in_a_word() -> None:
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "Jo Doe's card"}
    failed = of_stripe(
        "payment_intent.payment_failed", {"id": "pi_1", "metadata": REFERENCE, "last_payment_error": error}
    )
    assert failed == PaymentNotice(
        outcome=PaymentOutcome.FAILED, payment_id="pi_1", order_id=ORDER, reason="insufficient_funds"
    )


REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "currency": "eur",
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "status": "succeeded",
    "metadata": {},
}


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_stripe_tells_of_a_refund_that_failed(kind: str, status: str) -> None:
    failed = of_stripe(kind, {**REFUND, "status": status, "failure_reason": "lost_or_stolen_card"})
    assert failed is not None
    assert (failed.outcome, failed.refund_id) == (PaymentOutcome.REFUND_FAILED, "re_1")
    assert failed.reason == "lost_or_stolen_card"


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "charge.refund.updated"])
def test_stripe_tells_of_a_refund_by_its_own_id(kind: str) -> None:
    assert of_stripe(kind, REFUND) == PaymentNotice(
        outcome=PaymentOutcome.REFUNDED,
        payment_id="pi_1",
        amount=Decimal("5.00"),
        currency="EUR",
        refund_id="re_1",
    )
    for status in ("pending", "requires_action", None):
        assert of_stripe(kind, {**REFUND, "status": status}) is None


def test_a_charge_that_was_refunded_is_no_refund_of_its_own() -> None:
    charge = {"id": "ch_1", "payment_intent": "pi_1", "currency": "eur", "amount_refunded": 500}
    assert of_stripe("charge.refunded", charge) is None


@pytest.mark.parametrize(
    ("units", "currency", "amount"),
    [
        (1999, "USD", "19.99"),
        (500, "JPY", "500"),
        (500, "MGA", "500"),
        (500, "ISK", "5.00"),
        (500, "UGX", "5.00"),
        (5120, "KWD", "5.120"),
        (1045, "HUF", "10.45"),
    ],
)
def test_stripe_has_units_of_its_own(units: int, currency: str, amount: str) -> None:
    assert amount_of_stripe(units, currency) == Decimal(amount)


@pytest.mark.parametrize("units", [0, -1, 1.5, True, "5", None, 10**20])
def test_what_is_no_amount_is_none(units: Any) -> None:
    assert amount_of_stripe(units, "EUR") is None


def test_paypal_tells_of_payments_and_refunds() -> None:
    capture = {
        "id": "2GG279541U471931P",
        "amount": {"value": "25.00", "currency_code": "EUR"},
        "custom_id": str(ORDER),
    }
    assert of_paypal("PAYMENT.CAPTURE.COMPLETED", capture) == settled("2GG279541U471931P")
    denied = of_paypal("PAYMENT.CAPTURE.DENIED", {**capture, "status_details": {"reason": "BUYER_COMPLAINT"}})
    assert denied is not None
    assert (denied.outcome, denied.reason) == (PaymentOutcome.FAILED, "BUYER_COMPLAINT")
    up = {"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/2GG279541U471931P"}
    refunded = of_paypal(
        "PAYMENT.CAPTURE.REFUNDED",
        {**capture, "id": "1JU08902781691411", "links": [{"rel": "self"}, up], "status": "COMPLETED"},
    )
    assert refunded is not None
    assert (refunded.payment_id, refunded.refund_id) == ("2GG279541U471931P", "1JU08902781691411")
    assert refunded.outcome is PaymentOutcome.REFUNDED
    assert of_paypal("PAYMENT.CAPTURE.REFUNDED", {**capture, "links": [], "status": "COMPLETED"}) is None
    for status in ("PENDING", None):
        assert of_paypal("PAYMENT.CAPTURE.REFUNDED", {**capture, "links": [up], "status": status}) is None
    failed = of_paypal("PAYMENT.REFUND.FAILED", {**capture, "links": [up], "status": "FAILED"})
    assert failed is not None
    assert failed.outcome is PaymentOutcome.REFUND_FAILED


@pytest.mark.parametrize("value", ["-5.00", "1e3", "1,000.00", " 5", "NaN", 5, None])
def test_paypal_spells_amounts_in_digits(value: Any) -> None:
    capture = {"id": "A", "amount": {"value": value, "currency_code": "EUR"}, "custom_id": str(ORDER)}
    told = of_paypal("PAYMENT.CAPTURE.COMPLETED", capture)
    assert told is not None
    assert (told.amount, told.unread) == (Decimal(0), Unread.AMOUNT)


def test_what_moved_no_money_tells_of_none() -> None:
    capture = {"id": "A", "amount": {"value": "0.00", "currency_code": "EUR"}, "custom_id": str(ORDER)}
    assert of_paypal("PAYMENT.CAPTURE.COMPLETED", capture) is None
    intent = {"id": "pi_1", "amount_received": 0, "currency": "eur", "metadata": REFERENCE}
    assert of_stripe("payment_intent.succeeded", intent) is None


def test_what_names_an_order_by_another_name_says_so() -> None:
    intent = {"id": "pi_1", "amount_received": 2500, "currency": "eur", "metadata": {"order_id": "1001"}}
    told = [
        of_stripe("payment_intent.succeeded", intent),
        of_stripe("payment_intent.succeeded", {**intent, "client_reference_id": str(ORDER)}),
        of_stripe("payment_intent.succeeded", {**intent, "amount_received": "abc"}),
        of_stripe("refund.created", {**REFUND, "metadata": {"order_id": "1001"}}),
    ]
    assert [each and each.unread for each in told] == [Unread.ORDER, None, Unread.AMOUNT, Unread.ORDER]


@pytest.mark.parametrize("units", [10.5, 1000.0, "1000", True, None, -5, 2**53, 10**15, [1], {}])
def test_money_whose_amount_cannot_be_read_is_told_of(units: Any) -> None:
    intent = {"id": "pi_1", "amount_received": units, "currency": "eur", "metadata": REFERENCE}
    session = {"payment_intent": "pi_1", "payment_status": "paid", "amount_total": units, "currency": "eur"}
    told = [
        of_stripe("payment_intent.succeeded", intent),
        of_stripe("payment_intent.succeeded", {**intent, "amount_received": 2500, "currency": units}),
        of_stripe("checkout.session.completed", session),
        of_stripe("refund.created", {**REFUND, "amount": units}),
        of_stripe("refund.failed", {**REFUND, "amount": units, "status": "failed"}),
    ]
    assert [each and (each.unread, each.amount) for each in told] == [(Unread.AMOUNT, Decimal(0))] * 5


@pytest.mark.parametrize(
    "name", [f"{{{ORDER}}}", f"{ORDER} ", ORDER.hex, f"urn:uuid:{ORDER}", "17", 17, True, [1]]
)
def test_an_order_in_another_form_is_told_of(name: Any) -> None:
    intent = {"id": "pi_1", "amount_received": 2500, "currency": "eur", "metadata": {"order_id": name}}
    capture = {"id": "A", "amount": {"value": "25.00", "currency_code": "EUR"}, "custom_id": name}
    told = [
        of_stripe("payment_intent.succeeded", intent),
        of_stripe("refund.created", {**REFUND, "metadata": {"order_id": name}}),
        of_paypal("PAYMENT.CAPTURE.COMPLETED", capture),
    ]
    assert [each and (each.unread, each.order_id) for each in told] == [(Unread.ORDER, None)] * 3


@pytest.mark.parametrize("body", [None, [], "a", 1, {}, {"type": []}, {"type": {}}, {"event_type": 5}])
@pytest.mark.parametrize("provider", list(CallbackProvider))
def test_what_tells_of_no_payment_is_none(provider: CallbackProvider, body: Any) -> None:
    assert payment_in(provider, body) is None


def test_the_test_mode_of_a_provider_is_told_from_its_own() -> None:
    sandbox, live = ("https://api.sandbox.paypal.com/v1/x", "https://api.paypal.com/v1/sandbox.paypal.com/x")
    spelled = ("HTTPS://API.Sandbox.PayPal.com./v1/x", "https://api.sandbox.pa\u00adypal.com/v1/x")
    said = [
        is_test(
            CallbackProvider.PAYPAL,
            Callback(headers={"paypal-cert-url": url}, body=b"", received_at=NOON),
            {},
        )
        for url in (sandbox, live, "", *spelled)
    ]
    assert said == [True, False, True, True, True]
    stripe = Callback(headers={}, body=b"", received_at=NOON)
    bodies: list[Any] = [{"livemode": mode} for mode in (True, False, None, "true", "True", 1, 1.0, [True])]
    live, *others = bodies
    assert not is_test(CallbackProvider.STRIPE, stripe, live)
    modes: list[Any] = [*others, {}, {"livemode ": True}, [], None, True]
    assert [is_test(CallbackProvider.STRIPE, stripe, body) for body in modes] == [True] * len(modes)


def test_odd_shapes_tell_nothing_and_raise_nothing() -> None:
    odd: list[Any] = [None, [], {}, "x", 1, True, {"metadata": []}, {"id": {}}, {"links": [1, {"rel": "up"}]}]
    kinds = ("payment_intent.succeeded", "payment_intent.payment_failed", "refund.created")
    for value in odd:
        for kind in (*kinds, "checkout.session.completed"):
            assert payment_in(CallbackProvider.STRIPE, {"type": kind, "data": value}) is None
            assert payment_in(CallbackProvider.STRIPE, {"type": kind, "data": {"object": value}}) is None
            assert person_in(CallbackProvider.STRIPE, {"data": {"object": {"customer": value or None}}}) in (
                None,
                "x",
            )
        for kind in ("COMPLETED", "DENIED", "REFUNDED"):
            event = {"event_type": f"PAYMENT.CAPTURE.{kind}", "resource": value}
            assert payment_in(CallbackProvider.PAYPAL, json.loads(json.dumps(event))) is None
            assert person_in(CallbackProvider.PAYPAL, {"resource": {"payer": value}}) is None


@pytest.mark.parametrize(
    ("number", "named"),
    [("2030-1", True), (" 2030/1 ", True), ("n" * 50, True), ("n" * 51, False), ("", False), ("a\nb", False)],
)
def test_an_invoice_is_named_by_its_tenant_its_subscription_and_its_number(number: str, named: bool) -> None:
    reference = f"{UUID(int=1)}/{UUID(int=2)}/{number}"
    expected = (
        InvoiceReference(tenant_id=UUID(int=1), subscription_id=UUID(int=2), number=number.strip())
        if named
        else None
    )
    assert invoice_of(reference) == expected
    stripe = {"data": {"object": {"metadata": {"invoice_id": reference}}}}
    assert invoice_named(CallbackProvider.STRIPE, stripe) == reference
    assert invoice_named(CallbackProvider.PAYPAL, {"resource": {"custom_id": reference}}) == reference
    assert invoice_named(CallbackProvider.HMAC_SHA256, stripe) is None


@pytest.mark.parametrize("reference", [7, [], {}, "1/2/3", f"{ORDER}", f"{ORDER}/{ORDER}", f"/{ORDER}/1"])
def test_what_names_no_invoice_is_said_not_to_be_read(reference: object) -> None:
    notice = settled("pi_1", None)
    assert with_invoice(notice, reference) == (replace(notice, unread=Unread.ORDER), None)
    assert with_invoice(notice, None) == (notice, None)
    # Of what failed no money has moved.
    failed = PaymentNotice(outcome=PaymentOutcome.FAILED, payment_id="pi_1")
    assert with_invoice(failed, reference) == (failed, None)
    # What names an invoice names no order.
    invoice = f"{UUID(int=1)}/{UUID(int=2)}/1"
    assert with_invoice(replace(notice, unread=Unread.ORDER), invoice) == (notice, invoice_of(invoice))
    assert with_invoice(replace(notice, unread=Unread.AMOUNT), invoice)[0].unread is Unread.AMOUNT
