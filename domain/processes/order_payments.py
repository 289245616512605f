"""Payments that providers tell of are recorded with the orders that they pay."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.commerce.order_commands import RecordPayment, RecordPaymentFailure, RecordRefund
from domain.commerce.order_fields import PaymentProvider
from domain.commerce.order_settlements import payment_key
from domain.commerce.orders import Order
from domain.gateway.callbacks.notices import PaymentNotice, PaymentOutcome, Unread
from domain.gateway.events import OutsideEvent
from domain.gateway.payment_letters import KeepUnrecordedPayment
from domain.kit.commands import Command
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
from domain.kit.refusals import NotFound, Refusal

SCHEDULE = (0, 5, 30, 120, 600, 3600, 4 * 3600, 8 * 3600, 8 * 3600)
"""Seconds before each try: an order that is not there yet, or a payment of which only a refund is told so far, is
waited for during 21 hours."""


MOST_WAITING = 50
"""What is told of one payment before its order is known; the newest is kept, and that it was settled."""
KEPT = timedelta(days=90)
"""For how long that is kept: then the payment is somebody else's business at the same provider."""
_TIMER = "forget"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingNotice:
    """What was told of a payment whose order is not known yet."""

    source_id: UUID
    outside_event_id: UUID
    told: int
    provider: PaymentProvider
    payment: PaymentNotice


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOrder:
    """The order that a payment belongs to: what is told later of the payment need not name it again."""

    order_id: UUID | None = None
    waiting: tuple[WaitingNotice, ...] = ()
    """What was told before the order was."""


State = PaidOrder


class OrderPayments(Process[PaidOrder], name="commerce.order_payments", version=2):
    """Record what providers tell of payments; one instance for each payment."""

    class Record(Effect, schedule=SCHEDULE):
        """Record one thing that was told of a payment."""

        source_id: UUID
        outside_event_id: UUID
        told: int
        """The version of the event's stream by which it was told."""
        order_id: UUID
        provider: PaymentProvider
        payment: PaymentNotice

        @property
        def instance(self) -> str:
            # A refund that waits for its payment must not stand before it.
            payment = self.payment
            return f"{self.provider.value}:{payment.payment_id}/{payment.outcome.value}/{payment.refund_id}"

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Nothing waited before there was an order."""
        state["waiting"] = []

    def __init__(self, ports: ProcessPorts) -> None:
        self._repository = ports.repository

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
        order_id, unread = event.payment.order_id or state.order_id, event.payment.unread
        if unread is Unread.AMOUNT:
            return Then(state, Send(_letter(notice, order_id, "It says no amount that can be read.")))
        if order_id is None:
            waiting = (*(each for each in state.waiting if not _same(notice, each)), notice)
            forget = () if state.waiting else (Schedule(_TIMER, event.timestamp + KEPT),)
            # Another event may name the order yet.
            letters = [Send(_letter(notice, None, "It names an order, and not by its id."))] if unread else []
            return Then(PaidOrder(waiting=_bounded(waiting)), *forget, *letters)
        cancel = (Cancel(_TIMER),) if state.waiting else ()
        return Then(PaidOrder(order_id=order_id), *cancel, *self._records(order_id, (*state.waiting, notice)))

    @when_due(_TIMER)
    def forgotten(self, state: State | None, fired: Fired) -> Then[State]:
        """Nobody named an order."""
        return Then(state if state and state.order_id else None)

    def _records(self, order_id: UUID, notices: Iterable[WaitingNotice]) -> tuple[Effect, ...]:
        return tuple(
            self.Record(
                source_id=each.source_id,
                outside_event_id=each.outside_event_id,
                told=each.told,
                order_id=order_id,
                provider=each.provider,
                payment=each.payment,
            )
            for each in notices
        )

    @performs(Record)
    async def record(self, effect: Record, call: Call[State]) -> None:
        command = _command(effect)
        if command is None:
            await self._failed_refund(effect, call)
            return
        try:
            outcome = await call.send(command)
        except Refusal as refusal:
            outcome = refusal
        if isinstance(outcome, NotFound):
            raise EffectFailed(_said(outcome))
        if isinstance(outcome, Refusal):
            raise EffectRefused(_said(outcome))

    async def _failed_refund(self, effect: Record, call: Call[State]) -> None:
        """Refuse what an order cannot take back: a refund that it has recorded, and that failed afterwards."""
        payment = effect.payment
        order = (await self._repository.get(call.tenant_id, [effect.order_id], fresh=True)).get(
            effect.order_id
        )
        known = isinstance(order, Order) and payment_key(effect.provider, payment.refund_id) in order.refunds
        if known:
            raise EffectRefused(
                f"refund_failed: Refund {payment.refund_id} of payment {payment.payment_id} was recorded, and has "
                f"failed{f' ({payment.reason})' if payment.reason else ''}: "
                f"{payment.amount} {payment.currency} went to nobody."
            )
        if call.attempt < len(SCHEDULE):
            # That it succeeded may be told later.
            raise EffectFailed("refund_unknown")

    @when_failed(Record)
    def not_recorded(self, state: State | None, failed: "Failed[OrderPayments.Record]") -> Then[State]:
        return Then(state, Send(_letter(failed.action, failed.action.order_id, failed.error)))


def _letter(
    notice: WaitingNotice | OrderPayments.Record, order_id: UUID | None, reason: str
) -> KeepUnrecordedPayment:
    return KeepUnrecordedPayment(
        id=uuid5(notice.outside_event_id, f"payment {notice.told}"),
        source_id=notice.source_id,
        outside_event_id=notice.outside_event_id,
        order_id=order_id,
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


def _same(notice: WaitingNotice, earlier: WaitingNotice) -> bool:
    """Whether both tell the same of the payment, however often it failed."""
    new, known = notice.payment, earlier.payment
    return (new.outcome, new.refund_id) == (known.outcome, known.refund_id)


def _command(effect: OrderPayments.Record) -> Command | None:
    """What records it; None for what leaves an order as it is."""
    id, provider, payment = effect.order_id, effect.provider, effect.payment
    match payment.outcome:
        case PaymentOutcome.SETTLED:
            return RecordPayment(
                id=id,
                provider=provider,
                payment_id=payment.payment_id,
                amount=payment.amount,
                currency=payment.currency,
            )
        case PaymentOutcome.FAILED:
            return RecordPaymentFailure(
                id=id, provider=provider, payment_id=payment.payment_id, reason=payment.reason
            )
        case PaymentOutcome.REFUNDED:
            return RecordRefund(
                id=id,
                provider=provider,
                payment_id=payment.payment_id,
                refund_id=payment.refund_id,
                amount=payment.amount,
                currency=payment.currency,
            )
        case PaymentOutcome.REFUND_FAILED:
            return None


def _said(refusal: Refusal) -> str:
    return f"{refusal.code}: {refusal.message}"
