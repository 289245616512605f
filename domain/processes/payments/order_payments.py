"""Payments that providers tell of are recorded with the orders, and the invoices of tenants, that they pay."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.commerce.order_fields import PaymentProvider
from domain.commerce.order_settlements import payment_key
from domain.commerce.orders import Order
from domain.gateway.callbacks.notices import InvoiceReference, PaymentOutcome, Unread
from domain.gateway.events import OutsideEvent
from domain.gateway.letters import CloseDeadLetter
from domain.gateway.payment_letters import KeepUnrecordedPayment
from domain.kit.log import AppendReceipt, Envelope
from domain.kit.process.effects import (
    Call,
    Cancel,
    Done,
    Effect,
    EffectRefused,
    Failed,
    Fired,
    Schedule,
    Send,
    Then,
)
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, on, performs, when_done, when_due, when_failed
from domain.kit.refusals import Contended, NotFound, Refusal
from domain.operations.tenants import TenantMoving, TenantNotPlaced
from domain.processes.payments.billing_port import TenantAway, TenantBilling
from domain.processes.payments.effects import SCHEDULE, Bill, Record, filed_under, notice_of, recorded
from domain.processes.payments.known_payments import (
    MOST_OTHERS,
    MOST_WAITING,
    PaidOrder,
    Postponed,
    WaitingNotice,
    beside,
    with_named,
    with_waiting,
)
from domain.processes.payments.recordings import Payable, recording
from domain.tenancy.subscriptions import InvoiceNotOpen

_LATER = (NotFound, Contended, TenantMoving, TenantNotPlaced)
_REASONS = {
    Unread.ORDER: "It names an order or an invoice, and not by its id.",
    Unread.AMOUNT: "It says no amount that can be read.",
}
_TOO_MANY = f"The payment has named {MOST_OTHERS} orders and invoices before."

KEPT = timedelta(days=90)
"""For how long that is kept: then the payment is somebody else's business at the same provider."""
_TIMER = "forget"
_AGAIN = "again"
_ELSEWHERE = "elsewhere"

State = PaidOrder


class OrderPayments(Process[PaidOrder], name="commerce.order_payments", version=6):
    """Record what providers tell of payments; one instance for each payment."""

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Nothing waited before there was an order."""
        state["waiting"] = []

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """No invoice was paid."""
        state["invoice"] = None

    @staticmethod
    def upcast_v3_v4(state: dict[str, Any]) -> None:
        """Neither was remembered."""
        state["unread"], state["others"] = [], []

    @staticmethod
    def upcast_v4_v5(state: dict[str, Any]) -> None:
        """An order was remembered beside the invoice that was paid in its place."""
        both = state["order_id"] is not None and state["invoice"] is not None
        state["other_orders"] = [state["order_id"]] if both else []
        if both:
            state["order_id"] = None

    @staticmethod
    def upcast_v5_v6(state: dict[str, Any]) -> None:
        """What had to wait held up what came after it."""
        state["postponed"] = []

    def __init__(self, ports: ProcessPorts, billing: TenantBilling) -> None:
        self._repository, self._billing = ports.repository, billing

    @on(OutsideEvent.PaymentTold, by=lambda event, _: filed_under(event.provider, event.payment.payment_id))
    def told(
        self, state: State | None, event: OutsideEvent.PaymentTold, envelope: Envelope | None
    ) -> Then[State]:
        state = state or PaidOrder()
        notice = WaitingNotice(
            source_id=event.source_id,
            outside_event_id=event.originator_id,
            told=event.originator_version,
            provider=PaymentProvider(event.provider.value),
            payment=event.payment,
        )
        if (known := with_named(state, event)) is None:
            return Then(state, Send(_letter(notice, state, _TOO_MANY, "unread")))
        unread = event.payment.unread
        no_amount = unread is Unread.AMOUNT
        letters: list[Send] = []
        # Where it is known what it pays, it need not name that.
        if unread and (no_amount or known.paid is None):
            letters = [Send(_letter(notice, known, _REASONS[unread], "unread"))]
        if known.paid is None:
            if no_amount:
                return Then(state if state.waiting else None, *letters)
            forget = () if state.waiting else (Schedule(_TIMER, event.timestamp + KEPT),)
            # Another event may name it yet.
            return Then(with_waiting(state, notice), *forget, *letters)
        # A replay tells again what waits.
        waiting = state.waiting if no_amount else (*beside(state.waiting, notice), notice)
        cancel = (Cancel(_TIMER),) if state.waiting else ()
        position = envelope.position if envelope else 0
        # A replay has closed its own.
        closed = (
            Send(CloseDeadLetter(id=_letter_id(id, "unread"), position=position, edited=False))
            for id in state.unread
            if id != notice.outside_event_id
        )
        records = (recorded(each, known.paid) for each in waiting)
        return Then(known, *cancel, *records, *letters, *closed)

    @when_failed(CloseDeadLetter)
    def closed_before(self, state: State | None, failed: Failed[CloseDeadLetter]) -> Then[State]:
        """Somebody else has closed the letter."""
        return Then(state)

    @when_due(_TIMER)
    def forgotten(self, state: State | None, fired: Fired) -> Then[State]:
        """Nobody said what it pays."""
        return Then(state if state and state.paid else None)

    @performs(Record, Bill)
    async def record(self, effect: Record | Bill, call: Call[State]) -> str | None:
        """None once nothing is left to be done, else what it has to wait for."""
        if call.instance != effect.instance:
            # An earlier version asked for it. What else the payment has named is known with the payment alone.
            return _ELSEWHERE
        outcome: AppendReceipt | Refusal | None
        try:
            outcome = await self._record(effect, call)
        except TenantAway:
            return "tenant_away: The tenant's database is away."
        except Refusal as refusal:
            outcome = refusal
        if isinstance(outcome, _LATER):
            return _said(outcome)
        # What was paid in another way is not owed any more.
        late = isinstance(outcome, InvoiceNotOpen) and effect.payment.outcome is PaymentOutcome.FAILED
        if isinstance(outcome, Refusal) and not late:
            raise EffectRefused(_said(outcome))
        return None

    async def _record(self, effect: Record | Bill, call: Call[State]) -> AppendReceipt | Refusal | None:
        paid = await self._pays(effect, call)
        if effect.payment.outcome is PaymentOutcome.REFUND_FAILED:
            return await self._failed_refund(paid, effect, call)
        command = recording(paid, effect.provider, effect.payment)
        if isinstance(paid, InvoiceReference):
            return await self._billing.send(call, self.name, paid, command)
        return await call.send(command)

    async def _pays(self, effect: Record | Bill, call: Call[State]) -> Payable:
        """What the payment has paid, else what it is to pay. Raises EffectRefused where it is to pay another, and
        TenantAway while it is not known whether it has paid another."""
        # By hand its provider may not have been said.
        names = {payment_key(effect.provider, effect.payment.payment_id), effect.payment.payment_id}
        # What was named after this counts as well: while this waited, it may have been paid.
        known = call.state.named if call.state else ()
        named: list[Payable] = [*effect.others, *effect.other_orders, *known]
        others = [each for each in dict.fromkeys(named) if each != effect.paid]
        away: TenantAway | None = None
        for each in [*others, effect.paid] if others else ():
            try:
                payments, _ = await self._recorded(each, call.tenant_id)
            except TenantNotPlaced:
                # Nothing was ever paid there.
                continue
            except TenantAway as error:
                # Another may be known to be paid.
                away = error
                continue
            if names.isdisjoint(payments):
                continue
            if each != effect.paid and effect.payment.outcome is PaymentOutcome.SETTLED:
                what = "invoice" if isinstance(each, InvoiceReference) else "order"
                raise EffectRefused(f"already_taken: The payment has paid {what} {each}.")
            return each
        if away is not None:
            raise away
        return effect.paid

    async def _failed_refund(
        self, paid: Payable, effect: Record | Bill, call: Call[State]
    ) -> NotFound | None:
        """Refuse what cannot be taken back: a refund that was recorded, and that failed afterwards."""
        payment = effect.payment
        _, refunds = await self._recorded(paid, call.tenant_id)
        if not {payment_key(effect.provider, payment.refund_id), payment.refund_id}.isdisjoint(refunds):
            raise EffectRefused(
                f"refund_failed: Refund {payment.refund_id} of payment {payment.payment_id} was recorded, and has "
                f"failed{f' ({payment.reason})' if payment.reason else ''}: "
                f"{payment.amount} {payment.currency} went to nobody."
            )
        # That it succeeded may be told later.
        return NotFound(field="refund_id", what="refund") if effect.tries < len(SCHEDULE) else None

    async def _recorded(self, paid: Payable, tenant_id: UUID) -> tuple[Collection[str], Collection[str]]:
        """The payments and the refunds that are known to an order or invoice."""
        if isinstance(paid, InvoiceReference):
            subscription = await self._billing.subscription(tenant_id, paid)
            invoice = None if subscription is None else subscription.invoices.get(paid.number)
            return ((), ()) if invoice is None else ((invoice.payment,), invoice.refunds)
        order = (await self._repository.get(tenant_id, [paid], fresh=True)).get(paid)
        return (order.payments, order.refunds) if isinstance(order, Order) else ((), ())

    @when_done(Record, Bill)
    def tried(self, state: State | None, done: Done[Record | Bill]) -> Then[State]:
        if done.result == _ELSEWHERE:
            return Then(state, done.action)
        effect, state = done.action, state or PaidOrder()
        if done.result is None:
            # What waits may have waited for this.
            again = (recorded(each.notice, each.paid, each.tries) for each in state.postponed)
            return Then(replace(state, postponed=()), Cancel(_AGAIN), *again)
        if effect.tries >= len(SCHEDULE) or len(state.postponed) >= MOST_WAITING:
            return Then(state, self._refused(effect, done.result))
        again_at = done.at + timedelta(seconds=SCHEDULE[effect.tries])
        new = Postponed(notice=notice_of(effect), paid=effect.paid, tries=effect.tries, again_at=again_at)
        return self._postponed(state, (*state.postponed, new))

    @when_due(_AGAIN)
    def due(self, state: State | None, fired: Fired) -> Then[State]:
        state = state or PaidOrder()
        due = [each for each in state.postponed if each.again_at <= fired.at]
        left = tuple(each for each in state.postponed if each.again_at > fired.at)
        again = (recorded(each.notice, each.paid, each.tries + 1) for each in due)
        return self._postponed(state, left, *again)

    def _postponed(self, state: State, postponed: tuple[Postponed, ...], *records: Effect) -> Then[State]:
        timer = [Schedule(_AGAIN, min(each.again_at for each in postponed))] if postponed else []
        return Then(replace(state, postponed=postponed), *timer, *records)

    @when_failed(Record, Bill)
    def not_recorded(self, state: State | None, failed: Failed[Record | Bill]) -> Then[State]:
        return Then(state, self._refused(failed.action, failed.error))

    def _refused(self, effect: Record | Bill, reason: str) -> Send:
        if isinstance(effect, Bill):
            known = PaidOrder(invoice=effect.invoice)
        else:
            known = PaidOrder(order_id=effect.order_id)
        return Send(_letter(effect, known, reason, f"refused {effect.told}"))


def _letter(
    notice: WaitingNotice | Record | Bill,
    known: PaidOrder,
    reason: str,
    which: str,
) -> KeepUnrecordedPayment:
    return KeepUnrecordedPayment(
        id=_letter_id(notice.outside_event_id, which),
        source_id=notice.source_id,
        outside_event_id=notice.outside_event_id,
        order_id=known.order_id if known.invoice is None else None,
        invoice=known.invoice,
        provider=notice.provider.value,
        payment=notice.payment,
        reason=reason,
    )


def _letter_id(outside_event_id: UUID, which: str) -> UUID:
    """What cannot be read, and what was refused, have letters of their own: the first may be closed by then."""
    return uuid5(outside_event_id, f"payment {which}")


def _said(refusal: Refusal) -> str:
    return f"{refusal.code}: {refusal.message}"
