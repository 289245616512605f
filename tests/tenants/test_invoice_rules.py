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


def _paid(number: str, payment: str) -> Subscription.InvoicePaid:
    return Subscription.InvoicePaid(number=number, payment=payment, status=ACTIVE)


def test_a_payment_that_was_said_without_its_provider_is_the_same() -> None:
    history = (started(), invoiced(), _paid("2030-1", "pi_1"), invoiced("2030-2"))
    pay = PayInvoice(id=SUBSCRIPTION, number="2030-2", payment="stripe:pi_1")
    given(*history).when(pay).refused(AlreadyTaken, field="payment")


def test_a_refund_counts_at_one_invoice() -> None:
    history = (
        *(started(), invoiced(), _paid("2030-1", "pi_1"), invoiced("2030-2"), _paid("2030-2", "pi_2")),
        Subscription.InvoiceRefunded(
            number="2030-1",
            payment="pi_1",
            refund="re_1",
            refund_amount=Decimal(5),
            refunded_amount=Decimal(5),
            currency="EUR",
        ),
    )
    refund = RecordInvoiceRefund(
        id=SUBSCRIPTION, number="2030-2", payment="pi_2", refund="re_1", amount=Decimal(5), currency="EUR"
    )
    given(*history).when(refund).refused(AlreadyTaken, field="refund")
