"""Payments of orders: settled once, in whatever order and however often their provider tells of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from domain.commerce.order_commands import (
    CancelOrder,
    FulfilOrder,
    RecordPayment,
    RecordPaymentFailure,
    RecordRefund,
)
from domain.commerce.order_states import (
    TRANSITIONS,
    OrderAct,
    OrderIsCancelled,
    OrderIsFulfilled,
    OrderNotPaid,
    OrderStatus,
)
from domain.commerce.orders import (
    Order,
    PaymentDiffers,
    PaymentInOtherCurrency,
    RefundDiffers,
    RefundExceedsPayment,
)
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.refusals import Forbidden, Invalid, NotFound
from domain.kit.scenario import given
from tests.commerce.histories import AS_BUYER, AS_STAFF, ORDER, STRIPE, cancelled, placed, settled


def pay(payment_id: str = "pi_1", amount: str = "25", currency: str = "EUR") -> RecordPayment:
    return RecordPayment(
        id=ORDER, provider=STRIPE, payment_id=payment_id, amount=Decimal(amount), currency=currency
    )


def refund(refund_id: str = "re_1", amount: str = "25", payment_id: str = "pi_1") -> RecordRefund:
    return RecordRefund(
        id=ORDER,
        provider=STRIPE,
        payment_id=payment_id,
        refund_id=refund_id,
        amount=Decimal(amount),
        currency="EUR",
    )


def fail(payment_id: str = "pi_1") -> RecordPaymentFailure:
    return RecordPaymentFailure(id=ORDER, provider=STRIPE, payment_id=payment_id, reason="card_declined")


def after(*commands: Command) -> Any:
    """The last event of an order on which these were carried out."""
    history: list[Event] = [placed()]
    for command in commands:
        scenario = given(*history).by(AS_STAFF).when(command)
        assert scenario.refusal is None, scenario.refusal
        history += scenario.recorded
    return history[-1]


def stands(*commands: Command) -> tuple[str, str, str, str]:
    """Status, paid, refunded and owed of it."""
    last = after(*commands)
    amounts = (last.paid_amount, last.refunded_amount, last.refund_owed)
    return (str(last.status), *(f"{amount:f}" for amount in amounts))  # type: ignore[return-value]


def test_the_table_says_what_follows_everywhere() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert all(set(row) == set(OrderAct) for row in TRANSITIONS.values())


def test_money_that_moved_is_never_refused() -> None:
    moving = set(OrderAct) - {OrderAct.CANCEL, OrderAct.FULFIL}
    assert all(isinstance(row[act], OrderStatus) for row in TRANSITIONS.values() for act in moving)


def test_a_payment_settles_an_order() -> None:
    given(placed()).when(pay()).then(settled())


def test_the_same_payment_again_is_nothing() -> None:
    given(placed(), settled()).when(pay()).then()


def test_the_same_payment_with_another_amount_is_refused() -> None:
    given(placed(), settled()).when(pay(amount="24")).refused(PaymentDiffers, field="amount")


def test_less_than_the_total_leaves_it_placed_and_the_rest_pays_it() -> None:
    assert stands(pay(amount="10")) == ("placed", "10.00", "0.00", "0.00")
    assert stands(pay(amount="10"), pay("pi_2", "15")) == ("paid", "25.00", "0.00", "0.00")


def test_more_than_the_total_is_owed_back() -> None:
    assert stands(pay(amount="30")) == ("paid", "30.00", "0.00", "5.00")
    assert stands(pay(amount="30"), refund(amount="5")) == ("paid", "30.00", "5.00", "0.00")


def test_two_payments_of_one_order_are_kept_apart() -> None:
    assert stands(pay(), pay("pi_2")) == ("paid", "50.00", "0.00", "25.00")
    assert stands(pay(), pay("pi_2"), refund(payment_id="pi_2")) == ("paid", "50.00", "25.00", "0.00")
    history = [placed(), settled()]
    given(*history).when(refund(payment_id="pi_2")).refused(NotFound, field="payment_id")


def test_a_failed_payment_has_a_way_back() -> None:
    assert stands(fail()) == ("payment_failed", "0.00", "0.00", "0.00")
    assert stands(fail(), pay()) == ("paid", "25.00", "0.00", "0.00")
    assert stands(fail(), pay(amount="1")) == ("placed", "1.00", "0.00", "0.00")


def test_the_same_failure_again_and_one_that_comes_late_are_nothing() -> None:
    failed = after(fail())
    given(placed(), failed).when(fail()).then()
    given(placed(), settled()).when(fail()).then()


def test_a_second_payment_that_fails_leaves_a_paid_order_paid() -> None:
    assert stands(pay(), fail("pi_2")) == ("paid", "25.00", "0.00", "0.00")


def test_a_payment_of_a_cancelled_order_is_owed_back() -> None:
    late = settled(status=OrderStatus.CANCELLED, owed="25.00")
    given(placed(), cancelled()).when(pay()).then(late)


def test_a_paid_order_that_is_cancelled_owes_what_was_paid() -> None:
    assert stands(pay(), CancelOrder(id=ORDER)) == ("cancelled", "25.00", "0.00", "25.00")
    assert stands(pay(), CancelOrder(id=ORDER), refund()) == ("cancelled", "25.00", "25.00", "0.00")


def test_a_refund_is_partly_or_whole() -> None:
    assert stands(pay(), refund(amount="5")) == ("partly_refunded", "25.00", "5.00", "0.00")
    assert stands(pay(), refund(amount="5"), refund("re_2", "20")) == ("refunded", "25.00", "25.00", "0.00")


def test_the_same_refund_again_is_nothing() -> None:
    back = after(pay(), refund(amount="5"))
    given(placed(), settled(), back).when(refund(amount="5")).then()


def test_a_refund_that_was_told_by_a_total_is_not_counted_by_its_own_id_as_well() -> None:
    back = after(pay(), refund("ch_1/500", "5"))
    known = given(placed(), settled(), back)
    known.when(refund(amount="5")).refused(RefundDiffers, field="refund_id")
    for other in (refund(amount="4"), refund("ch_1/1000", "5")):
        assert len(given(placed(), settled(), back).when(other).recorded) == 1


def test_no_more_is_refunded_than_was_paid() -> None:
    back = after(pay(), refund(amount="5"))
    given(placed(), settled(), back).when(refund("re_2", "20.01")).refused(
        RefundExceedsPayment, field="amount"
    )


def test_money_of_another_currency_pays_nothing() -> None:
    given(placed()).when(pay(currency="USD")).refused(PaymentInOtherCurrency, field="currency")


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN"])
def test_refuses_what_is_no_payment(amount: str) -> None:
    given(placed()).when(pay(amount=amount)).refused(Invalid, field="amount")


def test_only_what_is_paid_is_fulfilled() -> None:
    fulfil, cancel = FulfilOrder(id=ORDER), CancelOrder(id=ORDER)
    given(placed()).when(fulfil).refused(OrderNotPaid)
    assert stands(pay(), fulfil) == ("fulfilled", "25.00", "0.00", "0.00")
    done = after(pay(), fulfil)
    given(placed(), settled(), done).by(AS_STAFF).when(cancel).refused(OrderIsFulfilled)
    given(placed(), cancelled()).when(fulfil).refused(OrderIsCancelled)
    assert stands(pay(), fulfil, refund(amount="5")) == ("fulfilled", "25.00", "5.00", "0.00")
    assert stands(pay(), fulfil, refund()) == ("refunded", "25.00", "25.00", "0.00")


def test_buyers_cancel_their_own_orders_alone() -> None:
    other = placed(user_id=AS_STAFF.user_id)
    given(placed()).by(AS_BUYER).when(CancelOrder(id=ORDER)).then(cancelled())
    given(other).by(AS_BUYER).when(CancelOrder(id=ORDER)).refused(NotFound, field="id")
    reader = replace(AS_BUYER, permissions=frozenset({"commerce:read", "commerce:orders"}))
    given(placed()).by(reader).when(CancelOrder(id=ORDER)).then(cancelled())
    given(other).by(reader).when(CancelOrder(id=ORDER)).refused(Forbidden, field="id")


STEPS = st.lists(
    st.one_of(
        st.builds(pay, st.sampled_from(["pi_1", "pi_2"]), st.sampled_from(["10", "25"])),
        st.builds(
            refund,
            st.sampled_from(["re_1", "re_2"]),
            st.sampled_from(["3", "25"]),
            st.sampled_from(["pi_1", "pi_2"]),
        ),
        st.builds(fail, st.sampled_from(["pi_1", "pi_3"])),
        st.just(CancelOrder(id=ORDER)),
        st.just(FulfilOrder(id=ORDER)),
    ),
    max_size=12,
)


@generated(STEPS)
def test_whatever_comes_twice_counts_once_and_the_sums_are_right(steps: list[Command]) -> None:
    history: list[Event] = [placed()]
    paid = dict[str, Decimal]()
    refunded = dict[tuple[str, str], Decimal]()
    for command in steps:
        scenario = given(*history).by(AS_STAFF).when(command)
        again = given(*history, *scenario.recorded).by(AS_STAFF).when(command)
        if scenario.refusal is None and not isinstance(command, CancelOrder | FulfilOrder):
            assert (again.refusal, again.recorded) == (None, [])
        history += scenario.recorded
        for event in scenario.recorded:
            if isinstance(event, Order.PaymentSettled):
                paid[event.payment_id] = event.amount
            if isinstance(event, Order.PaymentRefunded):
                refunded[event.payment_id, event.refund_id] = event.amount
            last: Any = event
            kept = sum(paid.values()) - sum(refunded.values())
            assert (last.paid_amount, last.refunded_amount) == (sum(paid.values()), sum(refunded.values()))
            assert 0 <= last.refund_owed <= kept
            if last.status in (OrderStatus.CANCELLED, OrderStatus.REFUNDED):
                assert last.refund_owed == kept


def test_what_somebody_wrote_into_an_order_before_is_not_kept() -> None:
    for said, kept in (("card", "card"), ("Jo Doe", "other"), ("", None)):
        placed_before: dict[str, Any] = {"payment_method": said}
        Order.Placed.upcast_v1_v2(placed_before)
        assert placed_before == {"payment_method": kept}
    cancelled_before: dict[str, Any] = {"reason": "Jo Doe moved"}
    Order.Cancelled.upcast_v1_v2(cancelled_before)
    assert cancelled_before == {"reason": "other"}
    for said, kept in (
        ("card_declined", "card_declined"),
        ("Jo Doe's card", ""),
        ("a" * 101, ""),
        ("a\n", ""),
    ):
        failed_before: dict[str, Any] = {"reason": said}
        Order.PaymentFailed.upcast_v1_v2(failed_before)
        assert failed_before == {"reason": kept}
