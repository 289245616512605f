"""The rules of subscriptions and invoices."""

from decimal import Decimal
from typing import Any

import pytest

from domain.kit.commands import Command
from domain.kit.refusals import AlreadyTaken, Invalid, NotFound
from domain.kit.scenario import given
from domain.tenancy.subscription_commands import (
    CancelSubscription,
    ChangeTier,
    IssueInvoice,
    MarkInvoiceOverdue,
    PayInvoice,
    RecordInvoiceRefund,
    RenewPeriod,
    StartSubscription,
    VoidInvoice,
)
from domain.tenancy.subscriptions import (
    InvoiceAmountDiffers,
    InvoiceCurrencyDiffers,
    InvoiceNotOpen,
    InvoiceRefundDiffers,
    RefundExceedsInvoice,
    Subscription,
    SubscriptionIsCancelled,
    SubscriptionStatus,
)
from tests.tenants.histories import FEBRUARY, JANUARY, MARCH, SUBSCRIPTION, invoiced, overdue, paid, started

STARTED = started()
CANCELLED = Subscription.Cancelled()
ACTIVE, PAST_DUE = SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE
TRIALING, ENDED = SubscriptionStatus.TRIALING, SubscriptionStatus.CANCELLED


def _start(**more: Any) -> StartSubscription:
    given_: dict[str, Any] = {"tier": "team", "period_start": JANUARY, "period_end": FEBRUARY, **more}
    return StartSubscription(id=SUBSCRIPTION, **given_)


@pytest.mark.parametrize(("length", "taken"), [(50, True), (51, False)])
def test_a_tier_has_at_most_50_characters(length: int, taken: bool) -> None:
    tier = "t" * length
    for outcome in (
        given().when(_start(tier=tier)),
        given(STARTED).when(ChangeTier(id=SUBSCRIPTION, tier=tier)),
    ):
        if taken:
            assert outcome.refusal is None
        else:
            outcome.refused(Invalid, field="tier")
            assert str(outcome.refusal) == "Tier has more than 50 characters."


def _issue(amount: str = "19.90", currency: str = "EUR", number: str = "2030-1") -> IssueInvoice:
    return IssueInvoice(
        id=SUBSCRIPTION, number=number, amount=Decimal(amount), currency=currency, due_at=FEBRUARY
    )


def _renew() -> RenewPeriod:
    return RenewPeriod(id=SUBSCRIPTION, period_end=MARCH)


def _renewed(status: SubscriptionStatus) -> Subscription.Renewed:
    return Subscription.Renewed(period_start=FEBRUARY, period_end=MARCH, status=status)


def test_starts() -> None:
    given().when(_start(tier=" team ")).then(STARTED)


def test_starts_with_a_trial() -> None:
    given().when(_start(trial=True)).then(started(status=TRIALING))


@pytest.mark.parametrize("end", [JANUARY, JANUARY.replace(year=2029)])
def test_a_period_ends_after_its_start(end: Any) -> None:
    given().when(_start(period_end=end)).refused(Invalid, field="period_end")


def test_changes_the_tier() -> None:
    given(STARTED).when(ChangeTier(id=SUBSCRIPTION, tier="company")).then(
        Subscription.TierChanged(tier="company", previous="team")
    )


def test_changing_to_its_own_tier_records_nothing() -> None:
    given(STARTED).when(ChangeTier(id=SUBSCRIPTION, tier=" team")).then()


def test_renews_from_the_end_of_the_period() -> None:
    given(STARTED).when(_renew()).then(_renewed(ACTIVE))


def test_a_trial_ends_with_its_period() -> None:
    given(started(status=TRIALING)).when(_renew()).then(_renewed(ACTIVE))


def test_renewing_forgives_no_debt() -> None:
    given(STARTED, invoiced(), overdue()).when(_renew()).then(_renewed(PAST_DUE))


def test_no_period_goes_backwards() -> None:
    given(STARTED).when(RenewPeriod(id=SUBSCRIPTION, period_end=FEBRUARY)).refused(
        Invalid, field="period_end"
    )


@pytest.mark.parametrize("amount", ["0.00", "19.90", "999999999999.99"])
def test_issues_an_invoice_over_an_exact_amount(amount: str) -> None:
    scenario = given(STARTED).when(_issue(amount))
    [issued] = scenario.recorded
    assert isinstance(issued, Subscription.InvoiceIssued)
    assert str(issued.amount) == amount


@pytest.mark.parametrize(
    "amount",
    ["-0.01", "NaN", "sNaN", "Infinity", "-Infinity", "0.001", "1000000000000", "1E+3", "1E-999999"],
)
def test_refuses_what_is_no_amount(amount: str) -> None:
    given(STARTED).when(_issue(amount)).refused(Invalid, field="amount")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€"])
def test_refuses_what_is_no_currency(currency: str) -> None:
    given(STARTED).when(_issue(currency=currency)).refused(Invalid, field="currency")


def test_an_overdue_invoice_makes_the_subscription_past_due() -> None:
    given(STARTED, invoiced()).when(MarkInvoiceOverdue(id=SUBSCRIPTION, number="2030-1")).then(overdue())


def test_an_invoice_is_overdue_once() -> None:
    given(STARTED, invoiced(), overdue()).when(MarkInvoiceOverdue(id=SUBSCRIPTION, number="2030-1")).then()


def test_pays() -> None:
    given(started(status=TRIALING), invoiced()).when(PayInvoice(id=SUBSCRIPTION, number="2030-1")).then(
        paid(status=TRIALING)
    )


def test_paying_the_last_debt_makes_it_active_again() -> None:
    given(STARTED, invoiced(), overdue()).when(PayInvoice(id=SUBSCRIPTION, number="2030-1")).then(paid())


def test_paying_one_of_two_debts_is_not_enough() -> None:
    history = (STARTED, invoiced("1"), invoiced("2"), overdue("1"), overdue("2"))
    given(*history).when(PayInvoice(id=SUBSCRIPTION, number="1")).then(paid("1", status=PAST_DUE))


def test_taking_the_last_debt_back_makes_it_active_again() -> None:
    given(STARTED, invoiced(), overdue()).when(
        VoidInvoice(id=SUBSCRIPTION, number="2030-1", reason="Wrong sum.")
    ).then(Subscription.InvoiceVoided(number="2030-1", reason="Wrong sum.", status=ACTIVE))


def test_a_payment_after_the_end_starts_nothing_again() -> None:
    history = (STARTED, invoiced(), overdue(), CANCELLED)
    given(*history).when(PayInvoice(id=SUBSCRIPTION, number="2030-1")).then(paid(status=ENDED))


def test_a_debt_after_the_end_starts_nothing_again() -> None:
    given(STARTED, invoiced(), CANCELLED).when(MarkInvoiceOverdue(id=SUBSCRIPTION, number="2030-1")).then(
        overdue(status=ENDED)
    )


SETTLING: list[Command] = [
    PayInvoice(id=SUBSCRIPTION, number="2030-1"),
    VoidInvoice(id=SUBSCRIPTION, number="2030-1"),
    MarkInvoiceOverdue(id=SUBSCRIPTION, number="2030-1"),
]


@pytest.mark.parametrize("command", SETTLING, ids=lambda value: value.stored_as)
def test_a_paid_invoice_is_settled(command: Command) -> None:
    given(STARTED, invoiced(), paid()).when(command).refused(InvoiceNotOpen, field="number")


@pytest.mark.parametrize("command", SETTLING, ids=lambda value: value.stored_as)
def test_an_invoice_taken_back_is_settled(command: Command) -> None:
    voided = Subscription.InvoiceVoided(number="2030-1", status=ACTIVE)
    given(STARTED, invoiced(), voided).when(command).refused(InvoiceNotOpen, field="number")


@pytest.mark.parametrize("command", SETTLING, ids=lambda value: value.stored_as)
def test_an_invoice_that_is_not_there_is_not_settled(command: Command) -> None:
    given(STARTED, invoiced("other")).when(command).refused(NotFound, field="number")


def test_cancels() -> None:
    given(STARTED).when(CancelSubscription(id=SUBSCRIPTION, reason=" Moving. ")).then(
        Subscription.Cancelled(reason="Moving.")
    )


RUNNING: list[Command] = [
    ChangeTier(id=SUBSCRIPTION, tier="company"),
    _renew(),
    _issue(),
    CancelSubscription(id=SUBSCRIPTION),
]


@pytest.mark.parametrize("command", RUNNING, ids=lambda value: value.stored_as)
def test_a_cancelled_subscription_rests(command: Command) -> None:
    given(STARTED, CANCELLED).when(command).refused(SubscriptionIsCancelled, field="id")


def _paid_by(payment: str = "pi_1") -> Subscription.InvoicePaid:
    return Subscription.InvoicePaid(number="2030-1", payment=payment, status=ACTIVE)


def _refund(
    amount: str = "5.00", currency: str = "EUR", payment: str = "pi_1", refund: str = "re_1"
) -> RecordInvoiceRefund:
    return RecordInvoiceRefund(
        id=SUBSCRIPTION,
        number="2030-1",
        payment=payment,
        refund=refund,
        amount=Decimal(amount),
        currency=currency,
    )


def test_a_payment_is_of_the_amount_of_its_invoice_and_counts_once() -> None:
    def pay(amount: str, currency: str = "EUR", payment: str = "pi_1") -> PayInvoice:
        moved = Decimal(amount)
        return PayInvoice(id=SUBSCRIPTION, number="2030-1", payment=payment, amount=moved, currency=currency)

    for amount, currency in (("19.89", "EUR"), ("199.00", "EUR"), ("19.90", "USD")):
        given(STARTED, invoiced()).when(pay(amount, currency)).refused(InvoiceAmountDiffers, field="amount")
    given(STARTED, invoiced()).when(pay("19.9")).then(_paid_by())
    given(STARTED, invoiced(), _paid_by()).when(pay("19.90")).then()
    given(STARTED, invoiced(), _paid_by()).when(pay("19.90", payment="pi_2")).refused(InvoiceNotOpen)
    without = PayInvoice(id=SUBSCRIPTION, number="2030-1", amount=Decimal(1))
    given(STARTED, invoiced()).when(without).refused(Invalid, field="currency")


def test_a_payment_pays_one_invoice_of_a_subscription() -> None:
    history = (STARTED, invoiced(), _paid_by(), invoiced("2030-2"))
    pay = PayInvoice(id=SUBSCRIPTION, number="2030-2", payment="pi_1")
    given(*history).when(pay).refused(AlreadyTaken, field="payment")
    # What has no reference is not told apart.
    history = (STARTED, invoiced(), paid(), invoiced("2030-2"))
    given(*history).when(PayInvoice(id=SUBSCRIPTION, number="2030-2")).then(paid("2030-2"))


@pytest.mark.parametrize(("length", "taken"), [(200, True), (201, False)])
def test_a_payment_has_a_reference_as_long_as_providers_give(length: int, taken: bool) -> None:
    payment = "p" * length
    scenario = given(STARTED, invoiced()).when(PayInvoice(id=SUBSCRIPTION, number="2030-1", payment=payment))
    if taken:
        scenario.then(_paid_by(payment))
    else:
        scenario.refused(Invalid, field="payment")


def _refunded(amount: str = "5.00", refund: str = "re_1", refunded: str = "") -> Subscription.InvoiceRefunded:
    return Subscription.InvoiceRefunded(
        number="2030-1",
        payment="pi_1",
        refund=refund,
        refund_amount=Decimal(amount),
        refunded_amount=Decimal(refunded or amount),
        currency="EUR",
    )


def test_no_more_is_refunded_than_an_invoice_is_over() -> None:
    history = (STARTED, invoiced(), _paid_by())
    given(*history).when(_refund("19.91")).refused(RefundExceedsInvoice, field="amount")
    scenario = given(*history, _refunded()).when(_refund("14.91", refund="re_2"))
    scenario.refused(RefundExceedsInvoice, field="amount")
    assert str(scenario.refusal) == "Only 14.90 EUR of invoice 2030-1 is left to be refunded."
    given(*history, _refunded()).when(_refund("14.90", refund="re_2")).then(
        _refunded("14.90", "re_2", "19.90")
    )
    # What was told before is not told otherwise.
    given(*history, _refunded()).when(_refund("6.00")).refused(InvoiceRefundDiffers, field="refund")


def test_a_refund_is_of_the_payment_of_its_invoice_and_counts_once() -> None:
    history = (STARTED, invoiced(), _paid_by())
    given(*history).when(_refund()).then(_refunded())
    given(*history, _refunded()).when(_refund()).then()
    given(*history).when(_refund(payment="pi_2")).refused(NotFound, field="payment")
    given(STARTED, invoiced(), paid()).when(_refund(payment="")).refused(NotFound, field="payment")
    given(*history).when(_refund(currency="USD")).refused(InvoiceCurrencyDiffers, field="currency")
    given(*history).when(_refund("0")).refused(Invalid, field="amount")
