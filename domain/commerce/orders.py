"""Orders: what a user buys, at the prices of the moment, and how it is paid."""

from dataclasses import field
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from domain.commerce.order_fields import (
    Address,
    Buyer,
    CancelReason,
    Cause,
    FailureWord,
    Items,
    Method,
    Moved,
    PaymentId,
    PaymentMethod,
    PaymentProvider,
    Provider,
    RefundId,
    Total,
    value_of,
    word_in,
)
from domain.commerce.order_numbers import OrderNumber
from domain.commerce.order_settlements import Payment, Refund, Settlement, Standing, payment_key
from domain.commerce.order_states import OrderAct, OrderStatus, after, owed
from domain.kit.fields import Describe, Internal, Personal, Purpose
from domain.kit.model import Aggregate, Event, NotFound, Refusal, Unique, applies
from domain.kit.money.money import Currency, Money, sum_of

_FAILURES = 100
"""So many failed payments are told apart."""


class PaymentDiffers(Refusal):
    """Payment {payment_id} was recorded before, over {amount}."""


class PaymentInOtherCurrency(Refusal):
    """The order is in {currency}, so a payment in {other} does not pay it."""


class RefundDiffers(Refusal):
    """Refund {refund_id} was recorded before, with {amount} of payment {payment_id}."""


class RefundExceedsPayment(Refusal):
    """Only {left} of payment {payment_id} is left to be refunded."""


class Order(
    Aggregate,
    topic="commerce.order",
    unique=(
        Unique("payments", stored_as="commerce.payment", field="payment_id"),
        Unique("refunds", stored_as="commerce.refund", field="refund_id"),
    ),
):
    """What a user buys. A payment, and a refund, belongs to one order of the tenant."""

    class_version = 2
    oldest_snapshot = 2

    class Placed(Event):
        aliases = ("order.created",)

        number: OrderNumber
        user_id: Buyer
        items: Items
        total_amount: Total
        currency: Currency
        payment_method: Method = None
        shipping_address: Annotated[
            Address, Personal(subject="user_id"), Purpose("To ship the order to its buyer.")
        ] = ""

        class_version = 2

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Words that are none of these are not kept."""
            state["payment_method"] = value_of(PaymentMethod, state.get("payment_method"))

    class PaymentSettled(Settlement):
        provider: Provider
        payment_id: PaymentId
        amount: Moved
        currency: Currency

    class PaymentFailed(Settlement):
        provider: Provider
        payment_id: PaymentId
        currency: Currency
        reason: FailureWord = ""

        class_version = 2

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """What somebody wrote is not kept."""
            state["reason"] = word_in(state.get("reason"))

    class PaymentRefunded(Settlement):
        provider: Provider
        payment_id: PaymentId
        refund_id: RefundId
        amount: Moved
        payment_refunded: Annotated[Decimal, Internal(), Describe("What of the payment was refunded in all.")]
        currency: Currency

    class Cancelled(Settlement):
        reason: Cause = None

        class_version = 2

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """What somebody wrote is not kept."""
            state["reason"] = value_of(CancelReason, state.get("reason"))

    class Fulfilled(Settlement): ...

    user_id: UUID
    currency: str
    total_amount: Decimal
    status: OrderStatus = OrderStatus.PLACED
    payments: dict[str, Payment] = field(default_factory=dict)
    """By provider and id, see `payment_key`."""
    refunds: dict[str, Refund] = field(default_factory=dict)
    """In the same way."""
    failures: tuple[str, ...] = ()
    """The payments that failed last, and did not succeed since."""

    @applies(Placed)
    def _placed(self, event: Placed) -> None:
        self.user_id, self.currency = event.user_id, event.currency
        self.total_amount = event.total_amount

    @applies(PaymentSettled)
    def _settled(self, event: PaymentSettled) -> None:
        self.status, key = event.status, payment_key(event.provider, event.payment_id)
        self.payments = {**self.payments, key: Payment(amount=event.amount)}
        self.failures = tuple(failed for failed in self.failures if failed != key)

    @applies(PaymentFailed)
    def _failed(self, event: PaymentFailed) -> None:
        self.status, key = event.status, payment_key(event.provider, event.payment_id)
        self.failures = (*self.failures, key)[-_FAILURES:]

    @applies(PaymentRefunded)
    def _refunded(self, event: PaymentRefunded) -> None:
        self.status, key = event.status, payment_key(event.provider, event.payment_id)
        payment = Payment(amount=self.payments[key].amount, refunded=event.payment_refunded)
        self.payments = {**self.payments, key: payment}
        refund = Refund(payment_id=event.payment_id, amount=event.amount)
        self.refunds = {**self.refunds, payment_key(event.provider, event.refund_id): refund}

    @applies(Cancelled, Fulfilled)
    def _stands(self, event: Settlement) -> None:
        self.status = event.status

    @property
    def total(self) -> Money:
        """What it costs."""
        return self._money(self.total_amount)

    @property
    def paid(self) -> Money:
        """What was paid in all."""
        return sum_of((self._money(each.amount) for each in self.payments.values()), currency=self.currency)

    @property
    def refunded(self) -> Money:
        """What of that was refunded."""
        return sum_of((self._money(each.refunded) for each in self.payments.values()), currency=self.currency)

    def settle(self, provider: PaymentProvider, payment_id: str, amount: Money) -> None:
        """Record that a payment was settled; nothing for one that was recorded before."""
        self._require_currency(amount)
        if (known := self.payments.get(payment_key(provider, payment_id))) is not None:
            if known.amount != amount.amount:
                raise PaymentDiffers(
                    field="amount", payment_id=payment_id, amount=Money(known.amount, self.currency)
                )
            return
        paid = self.paid + amount
        act = OrderAct.PAY if paid - self.refunded >= self.total else OrderAct.PAY_PART
        stands = self._standing(after(self.status, act), paid=paid)
        self.record(
            self.PaymentSettled(
                **stands,
                provider=provider,
                payment_id=payment_id,
                amount=amount.amount,
                currency=self.currency,
            )
        )

    def fail(self, provider: PaymentProvider, payment_id: str, reason: str) -> None:
        """Record that a payment failed; nothing for one of which that, or its success, was recorded before."""
        key = payment_key(provider, payment_id)
        if key in self.payments or key in self.failures:
            return
        stands = self._standing(after(self.status, OrderAct.FAIL_PAYMENT))
        self.record(
            self.PaymentFailed(
                **stands,
                provider=provider,
                payment_id=payment_id,
                currency=self.currency,
                reason=reason,
            )
        )

    def refund(self, provider: PaymentProvider, payment_id: str, refund_id: str, amount: Money) -> None:
        """Record that money of a payment went back; nothing for a refund that was recorded before."""
        self._require_currency(amount)
        payment = self.payments.get(payment_key(provider, payment_id))
        if payment is None:
            raise NotFound(field="payment_id", what="payment of this order")
        refund = Refund(payment_id=payment_id, amount=amount.amount)
        known = self.refunds.get(payment_key(provider, refund_id))
        if known == refund:
            return
        if known is None and provider is PaymentProvider.STRIPE and not _by_total(refund_id):
            # It may be one that was told before by another id: whoever knows better records it by such a one.
            known = next(
                (each for id, each in self.refunds.items() if _by_total(id) and each == refund), None
            )
        if known is not None:
            raise RefundDiffers(
                field="refund_id",
                refund_id=refund_id,
                amount=self._money(known.amount),
                payment_id=known.payment_id,
            )
        before = self._money(payment.refunded)
        left = self._money(payment.amount) - before
        if amount > left:
            raise RefundExceedsPayment(field="amount", payment_id=payment_id, left=left)
        refunded, status = self.refunded + amount, self.status
        kept = self.paid - refunded
        # What was paid too much goes back without a change of the status.
        if not kept:
            status = after(status, OrderAct.REFUND_ALL)
        elif kept < self.total:
            status = after(status, OrderAct.REFUND_PART)
        self.record(
            self.PaymentRefunded(
                **self._standing(status, refunded=refunded),
                provider=provider,
                payment_id=payment_id,
                refund_id=refund_id,
                amount=amount.amount,
                payment_refunded=(before + amount).amount,
                currency=self.currency,
            )
        )

    def cancel(self, reason: CancelReason | None) -> None:
        """Record that nothing of it will be sent; what was paid is owed back from now on."""
        stands = self._standing(after(self.status, OrderAct.CANCEL))
        self.record(self.Cancelled(**stands, reason=reason))

    def fulfil(self) -> None:
        """Record that all of it was sent."""
        self.record(self.Fulfilled(**self._standing(after(self.status, OrderAct.FULFIL))))

    def _standing(
        self, status: OrderStatus, *, paid: Money | None = None, refunded: Money | None = None
    ) -> Standing:
        paid = self.paid if paid is None else paid
        refunded = self.refunded if refunded is None else refunded
        return Standing(
            status=status,
            paid_amount=paid.amount,
            refunded_amount=refunded.amount,
            refund_owed=owed(status, total=self.total, kept=paid - refunded).amount,
        )

    def _money(self, amount: Decimal) -> Money:
        return Money(amount, self.currency)

    def _require_currency(self, amount: Money) -> None:
        if amount.currency != self.currency:
            raise PaymentInOtherCurrency(field="currency", currency=self.currency, other=amount.currency)


def _by_total(id: str) -> bool:
    """Whether Stripe told of a refund by its charge and what of that was refunded in all, as it did before it told
    of each by its own id."""
    return "/" in id
