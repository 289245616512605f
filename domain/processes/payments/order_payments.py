"""Payments that providers tell of are recorded with the orders, and the invoices of tenants, that they pay."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.commerce.order_fields import PaymentProvider
from domain.commerce.order_settlements import payment_key
from domain.commerce.orders import Order
from domain.gateway.callbacks.notices import InvoiceReference, PaymentNotice, PaymentOutcome, Unread
from domain.gateway.events import OutsideEvent
from domain.gateway.payment_letters import KeepUnrecordedPayment
from domain.kit.log import AppendReceipt
from domain.kit.process.effects import (
    Call,
    Cancel,
    Effect,
    EffectFailed,
    EffectRefused,
    Failed,
    Fired,
    Schedule,
    Send,
    Then,
)
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, on, performs, when_due, when_failed
from domain.kit.refusals import Contended, NotFound, Refusal
from domain.operations.tenants import TenantMoving
from domain.processes.payments.billing_port import TenantBilling
from domain.processes.payments.recordings import on_invoice, on_order, provider_reference
from domain.tenancy.subscriptions import InvoiceNotOpen

SCHEDULE = (0, 5, 30, 120, 600, 3600, 4 * 3600, 8 * 3600, 8 * 3600)
"""Seconds before each try: what is not there yet, an order, an invoice, or a payment of which only a refund is
told so far, is waited for during 21 hours."""
_LATER = (NotFound, Contended, TenantMoving)


MOST_WAITING = 50
"""What is told of one payment before it is known what it pays; the newest is kept, and that it was settled."""
KEPT = timedelta(days=90)
"""For how long that is kept: then the payment is somebody else's business at the same provider."""
_TIMER = "forget"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingNotice:
    """What was told of a payment of which it is not known yet what it pays."""

    source_id: UUID
    outside_event_id: UUID
    told: int
    """The version of the event's stream by which it was told."""
    provider: PaymentProvider
    payment: PaymentNotice


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOrder:
    """What a payment pays, an order or an invoice: what is told later of the payment need not name it again."""

    order_id: UUID | None = None
    invoice: InvoiceReference | None = None
    waiting: tuple[WaitingNotice, ...] = ()
    """What was told before that was."""

    @property
    def says_what(self) -> bool:
        """Whether it is known what it pays."""
        return self.order_id is not None or self.invoice is not None


State = PaidOrder


class OrderPayments(Process[PaidOrder], name="commerce.order_payments", version=3):
    """Record what providers tell of payments; one instance for each payment."""

    class Record(Effect, schedule=SCHEDULE):
        """Record one thing that was told of a payment with its order."""

        source_id: UUID
        outside_event_id: UUID
        told: int
        """The version of the event's stream by which it was told."""
        order_id: UUID
        provider: PaymentProvider
        payment: PaymentNotice

        @property
        def instance(self) -> str:
            return _lane(self.provider, self.payment)

    class Bill(Effect, schedule=SCHEDULE):
        """Record one thing that was told of a payment with the invoice of a tenant."""

        source_id: UUID
        outside_event_id: UUID
        told: int
        invoice: InvoiceReference
        provider: PaymentProvider
        payment: PaymentNotice

        @property
        def instance(self) -> str:
            return _lane(self.provider, self.payment)

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Nothing waited before there was an order."""
        state["waiting"] = []

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """No invoice was paid."""
        state["invoice"] = None

    def __init__(self, ports: ProcessPorts, billing: TenantBilling) -> None:
        self._repository, self._billing = ports.repository, billing

    @on(OutsideEvent.PaymentTold, by=lambda event, _: f"{event.provider}:{event.payment.payment_id}")
    def told(self, state: State | None, event: OutsideEvent.PaymentTold) -> Then[State]:
        state = state or PaidOrder()
        notice = WaitingNotice(
            source_id=event.source_id,
            outside_event_id=event.originator_id,
            told=event.originator_version,
            provider=PaymentProvider(event.provider.value),
            payment=event.payment,
        )
        known = PaidOrder(
            order_id=event.payment.order_id or state.order_id, invoice=event.invoice or state.invoice
        )
        unread = event.payment.unread
        if unread is Unread.AMOUNT:
            return Then(state, Send(_letter(notice, known, "It says no amount that can be read.")))
        if not known.says_what:
            waiting = (*(each for each in state.waiting if not _same(notice, each)), notice)
            forget = () if state.waiting else (Schedule(_TIMER, event.timestamp + KEPT),)
            # Another event may name it yet.
            reason = "It names an order or an invoice, and not by its id."
            letters = [Send(_letter(notice, known, reason))] if unread else []
            return Then(PaidOrder(waiting=_bounded(waiting)), *forget, *letters)
        cancel = (Cancel(_TIMER),) if state.waiting else ()
        return Then(known, *cancel, *self._records(known, (*state.waiting, notice)))

    @when_due(_TIMER)
    def forgotten(self, state: State | None, fired: Fired) -> Then[State]:
        """Nobody said what it pays."""
        return Then(state if state and state.says_what else None)

    def _records(self, known: State, notices: Iterable[WaitingNotice]) -> Iterator[Effect]:
        for each in notices:
            notice = {field.name: getattr(each, field.name) for field in fields(each)}
            if known.invoice is not None:
                yield self.Bill(invoice=known.invoice, **notice)
            elif known.order_id is not None:
                yield self.Record(order_id=known.order_id, **notice)

    @performs(Record, Bill)
    async def record(self, effect: Record | Bill, call: Call[State]) -> None:
        if effect.payment.outcome is PaymentOutcome.REFUND_FAILED:
            await self._failed_refund(effect, call)
            return
        try:
            outcome = await self._sent(effect, call)
        except Refusal as refusal:
            outcome = refusal
        if isinstance(outcome, _LATER):
            raise EffectFailed(_said(outcome))
        # What was paid in another way is not owed any more.
        late = isinstance(outcome, InvoiceNotOpen) and effect.payment.outcome is PaymentOutcome.FAILED
        if isinstance(outcome, Refusal) and not late:
            raise EffectRefused(_said(outcome))

    async def _sent(self, effect: Record | Bill, call: Call[State]) -> AppendReceipt | Refusal:
        if isinstance(effect, self.Record):
            return await call.send(on_order(effect.order_id, effect.provider, effect.payment))
        command = on_invoice(effect.invoice, effect.provider, effect.payment)
        return await self._billing.send(call, self.name, effect.invoice, command)

    async def _failed_refund(self, effect: Record | Bill, call: Call[State]) -> None:
        """Refuse what cannot be taken back: a refund that was recorded, and that failed afterwards."""
        payment = effect.payment
        if await self._is_recorded(effect, call.tenant_id):
            raise EffectRefused(
                f"refund_failed: Refund {payment.refund_id} of payment {payment.payment_id} was recorded, and has "
                f"failed{f' ({payment.reason})' if payment.reason else ''}: "
                f"{payment.amount} {payment.currency} went to nobody."
            )
        if call.attempt < len(SCHEDULE):
            # That it succeeded may be told later.
            raise EffectFailed("refund_unknown")

    async def _is_recorded(self, effect: Record | Bill, tenant_id: UUID) -> bool:
        """Whether a refund is known to what it was a refund of."""
        refund = effect.payment.refund_id
        if isinstance(effect, self.Record):
            order = (await self._repository.get(tenant_id, [effect.order_id], fresh=True)).get(
                effect.order_id
            )
            return isinstance(order, Order) and payment_key(effect.provider, refund) in order.refunds
        subscription = await self._billing.subscription(tenant_id, effect.invoice)
        paid = None if subscription is None else subscription.invoices.get(effect.invoice.number)
        return paid is not None and provider_reference(effect.provider, refund) in paid.refunds

    @when_failed(Record, Bill)
    def not_recorded(
        self, state: State | None, failed: "Failed[OrderPayments.Record | OrderPayments.Bill]"
    ) -> Then[State]:
        effect = failed.action
        if isinstance(effect, self.Bill):
            known = PaidOrder(invoice=effect.invoice)
        else:
            known = PaidOrder(order_id=effect.order_id)
        return Then(state, Send(_letter(effect, known, failed.error)))


def _letter(
    notice: WaitingNotice | OrderPayments.Record | OrderPayments.Bill, known: PaidOrder, reason: str
) -> KeepUnrecordedPayment:
    return KeepUnrecordedPayment(
        id=uuid5(notice.outside_event_id, f"payment {notice.told}"),
        source_id=notice.source_id,
        outside_event_id=notice.outside_event_id,
        order_id=known.order_id if known.invoice is None else None,
        invoice=known.invoice,
        provider=notice.provider.value,
        payment=notice.payment,
        reason=reason,
    )


def _bounded(waiting: tuple[WaitingNotice, ...]) -> tuple[WaitingNotice, ...]:
    """All but the oldest that may be left out: without its settlement, nothing of a payment can be recorded."""
    if len(waiting) <= MOST_WAITING:
        return waiting
    spared = next(each for each in waiting if each.payment.outcome is not PaymentOutcome.SETTLED)
    return tuple(each for each in waiting if each is not spared)


def _lane(provider: PaymentProvider, payment: PaymentNotice) -> str:
    """What waits for one another: a refund that waits for its payment must not stand before it."""
    return f"{provider.value}:{payment.payment_id}/{payment.outcome.value}/{payment.refund_id}"


def _same(notice: WaitingNotice, earlier: WaitingNotice) -> bool:
    """Whether both tell the same of the payment, however often it failed."""
    new, known = notice.payment, earlier.payment
    return (new.outcome, new.refund_id) == (known.outcome, known.refund_id)


def _said(refusal: Refusal) -> str:
    return f"{refusal.code}: {refusal.message}"
