"""What may be said of invoices so that a provider's payments find them, and each counts once."""

from decimal import Decimal

import pytest

from domain.gateway.callbacks.notices import invoice_of
from domain.kit.refusals import AlreadyTaken, Invalid
from domain.kit.scenario import given
from domain.tenancy.subscription_commands import IssueInvoice, PayInvoice, RecordInvoiceRefund
from domain.tenancy.subscriptions import Subscription, SubscriptionStatus
from tests.tenants.histories import FEBRUARY, SUBSCRIPTION, invoiced, started

ACTIVE = SubscriptionStatus.ACTIVE


@pytest.mark.parametrize("number", ["A\u00a0B", "A/B\u200b", "A\u2028B"])
def test_a_number_that_no_payment_can_name_is_not_issued(number: str) -> None:
    assert invoice_of(f"{SUBSCRIPTION}/{SUBSCRIPTION}/{number}") is None
    issue = IssueInvoice(id=SUBSCRIPTION, number=number, amount=Decimal(1), currency="EUR", due_at=FEBRUARY)
    given(started()).when(issue).refused(Invalid, field="number")


def test_a_number_is_issued_once() -> None:
    issue = IssueInvoice(
        id=SUBSCRIPTION, number=" 2030-1 ", amount=Decimal(1), currency="EUR", due_at=FEBRUARY
    )
    voided = Subscription.InvoiceVoided(number="2030-1", status=ACTIVE)
    for history in ((), (_paid("2030-1", "pi_1"),), (voided,)):
        given(started(), invoiced(), *history).when(issue).refused(AlreadyTaken, field="number")


def _paid(number: str, payment: str) -> Subscription.InvoicePaid:
    return Subscription.InvoicePaid(number=number, payment=payment, status=ACTIVE)


@pytest.mark.parametrize(("known", "told"), [("pi_1", "stripe:pi_1"), ("stripe:pi_1", "pi_1")])
def test_a_payment_that_was_said_without_its_provider_is_the_same(known: str, told: str) -> None:
    history = (started(), invoiced(), _paid("2030-1", known), invoiced("2030-2"))
    pay = PayInvoice(id=SUBSCRIPTION, number="2030-2", payment=told)
    given(*history).when(pay).refused(AlreadyTaken, field="payment")
    given(*history).when(PayInvoice(id=SUBSCRIPTION, number="2030-1", payment=told)).then()
    # What else stands before a colon is no provider.
    other = PayInvoice(id=SUBSCRIPTION, number="2030-2", payment=f"wire:{known}")
    given(*history).when(other).then(_paid("2030-2", f"wire:{known}"))


def _refunded(number: str, refund: str) -> Subscription.InvoiceRefunded:
    return Subscription.InvoiceRefunded(
        number=number,
        payment="pi_1",
        refund=refund,
        refund_amount=Decimal(5),
        refunded_amount=Decimal(5),
        currency="EUR",
    )


@pytest.mark.parametrize("told", ["re_1", "stripe:re_1"])
def test_a_refund_counts_at_one_invoice_and_once(told: str) -> None:
    history = (
        *(started(), invoiced(), _paid("2030-1", "pi_1"), invoiced("2030-2"), _paid("2030-2", "pi_2")),
        _refunded("2030-1", "re_1"),
    )
    given(*history).when(_refund("2030-2", "pi_2", told)).refused(AlreadyTaken, field="refund")
    given(*history).when(_refund("2030-1", "stripe:pi_1", told)).then()


def _refund(number: str, payment: str, refund: str) -> RecordInvoiceRefund:
    return RecordInvoiceRefund(
        id=SUBSCRIPTION, number=number, payment=payment, refund=refund, amount=Decimal(5), currency="EUR"
    )
