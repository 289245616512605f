"""What is known of a payment, and what waits until it is known what it pays."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.commerce.order_fields import PaymentProvider
from domain.gateway.callbacks.notices import InvoiceReference, PaymentNotice, PaymentOutcome
from domain.gateway.events import OutsideEvent
from domain.processes.payments.recordings import Payable

MOST_WAITING = 50
"""What is told of one payment before it is known what it pays; the newest is kept, and that it was settled."""
MOST_OTHERS = 20
"""So many orders and invoices may be named before the one that a payment pays: each is asked whether it has."""


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
class Postponed:
    """What was told of a payment, and waits for the order, invoice or payment that it names to be there."""

    notice: WaitingNotice
    paid: Payable
    tries: int
    """How often it was tried."""
    again_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOrder:
    """What a payment pays, an order or an invoice: what is told later of the payment need not name it again."""

    order_id: UUID | None = None
    invoice: InvoiceReference | None = None
    """Where it is an invoice and no order."""
    waiting: tuple[WaitingNotice, ...] = ()
    """What was told before that was."""
    unread: tuple[UUID, ...] = ()
    """The outside events that name it in a way that cannot be read, and of which somebody was told by a letter."""
    others: tuple[InvoiceReference, ...] = ()
    """The invoices that were named before this."""
    other_orders: tuple[UUID, ...] = ()
    postponed: tuple[Postponed, ...] = ()
    """What waits for something that is not there; what is told of the payment meanwhile goes on."""

    @property
    def paid(self) -> Payable | None:
        """What it pays; None while that is not known."""
        return self.invoice or self.order_id

    @property
    def named(self) -> list[Payable]:
        """All that it has named, the newest last."""
        return [*self.others, *self.other_orders, *([self.paid] if self.paid else [])]


def with_named(state: PaidOrder, event: OutsideEvent.PaymentTold) -> PaidOrder | None:
    """What the payment pays, now that this is told of it: what was named last. None where too much was."""
    named = event.invoice or event.payment.order_id or state.paid
    others = [each for each in dict.fromkeys(state.named) if each != named]
    if len(others) > MOST_OTHERS:
        return None
    return replace(
        state,
        waiting=(),
        unread=(),
        order_id=named if isinstance(named, UUID) else None,
        invoice=named if isinstance(named, InvoiceReference) else None,
        others=tuple(each for each in others if isinstance(each, InvoiceReference)),
        other_orders=tuple(each for each in others if isinstance(each, UUID)),
    )


def with_waiting(state: PaidOrder, notice: WaitingNotice) -> PaidOrder:
    """The payment with one more thing that waits. Of too many, the oldest is forgotten, but not its settlement,
    without which nothing of it can be recorded."""
    waiting, unread = (*beside(state.waiting, notice), notice), state.unread
    if notice.payment.unread:
        unread = (*unread, notice.outside_event_id)[-MOST_WAITING:]
    if len(waiting) > MOST_WAITING:
        spared = next(each for each in waiting if each.payment.outcome is not PaymentOutcome.SETTLED)
        waiting = tuple(each for each in waiting if each is not spared)
        unread = tuple(id for id in unread if id != spared.outside_event_id)
    return replace(state, waiting=waiting, unread=unread)


def beside(waiting: tuple[WaitingNotice, ...], notice: WaitingNotice) -> tuple[WaitingNotice, ...]:
    """What waits, but for what this tells of again."""
    return tuple(each for each in waiting if not _same(notice, each))


def _same(notice: WaitingNotice, earlier: WaitingNotice) -> bool:
    """Whether both tell the same of the payment, however often it failed."""
    new, known = notice.payment, earlier.payment
    return (new.outcome, new.refund_id) == (known.outcome, known.refund_id)
