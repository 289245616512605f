"""Payments that could not be recorded: dead letters, by whose replay they are told again."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.gateway.callbacks.notices import InvoiceReference, PaymentNotice, Unread, invoice_of
from domain.gateway.events import OutsideEvent, subject_of
from domain.gateway.letters import PAYMENT, DeadLetter
from domain.gateway.sources import BILLING, INGEST, require_payments
from domain.kit.caller import PLATFORM
from domain.kit.ids import read_id
from domain.kit.model import Caller, Command, Invalid, NotFound
from domain.kit.refusals import Forbidden, ViolationCode

_LONGEST_REASON = 500
_ORDER, _INVOICE = "orderId", "invoice"
"""The members that say what was paid."""


class KeepUnrecordedPayment(Command):
    """Keep what was told of a payment and could not be recorded; no client sends this."""

    source_id: UUID
    outside_event_id: UUID
    order_id: UUID | None
    provider: str
    payment: PaymentNotice
    reason: str
    invoice: InvoiceReference | None = None

    def handle(self, by: Caller, now: datetime) -> DeadLetter:
        payment = self.payment
        no_amount = payment.unread is Unread.AMOUNT
        about = _ORDER if self.invoice is None else _INVOICE
        paid = self.invoice or self.order_id
        summary = {
            "outsideEventId": str(self.outside_event_id),
            about: None if paid is None else str(paid),
            "provider": self.provider,
            "outcome": payment.outcome.value,
            "paymentId": payment.payment_id,
            "amount": None if no_amount else str(payment.amount),
            "currency": payment.currency,
        }
        kept = DeadLetter.Kept(
            source_id=self.source_id,
            key_id=None,
            event_id=None,
            event_type=f"payment.{payment.outcome}",
            raw=json.dumps(summary),
            subject_id=subject_of(by.tenant_id, self.source_id, None, now),
            cut=False,
            rule=PAYMENT,
            code=ViolationCode.UNSUITABLE.value,
            path=("amount" if no_amount else about,),
            message=self.reason[:_LONGEST_REASON] or "The payment cannot be recorded.",
            violations=1,
        )
        return DeadLetter.begin(self.id, kept)


class RetryPayment(Command):
    """Have what a provider told of a payment recorded again, with this order or invoice, and close its dead
    letter; no client sends this."""

    source_id: UUID
    order_id: UUID | None
    invoice: InvoiceReference | None
    outside_event_id: UUID
    edited: bool

    def handle(self, outside_event: OutsideEvent, dead_letter: DeadLetter, by: Caller) -> None:
        require_replays(by)
        if self.invoice is not None and by.tenant_id != PLATFORM:
            raise Forbidden(permission=BILLING)
        payment, provider = outside_event.payment, outside_event.provider
        if payment is None or provider is None or outside_event.source_id != self.source_id:
            raise NotFound(field="outside_event_id", what="payment")
        if payment.unread is Unread.AMOUNT:
            raise Invalid(
                field="amount", reason="cannot be read: record the payment by hand", why=ViolationCode.FORMAT
            )
        again = OutsideEvent.PaymentTold(
            source_id=self.source_id,
            provider=provider,
            payment=replace(payment, order_id=self.order_id, unread=None),
            invoice=self.invoice,
        )
        outside_event.record(again)
        dead_letter.record(DeadLetter.Replayed(edited=self.edited))


def require_replays(by: Caller) -> None:
    """Raise Forbidden unless somebody may send events, and record payments."""
    if not by.may(INGEST):
        raise Forbidden(permission=INGEST)
    require_payments(by)


def read_payment_letter(
    kept: str, source_id: UUID, letter_id: UUID, corrected: str | None = None
) -> RetryPayment:
    """What such a letter asks for, with the order or invoice that its corrected text names. Raises Invalid."""
    said = _read(kept)
    named = said if corrected is None else _read(corrected)
    bills = _INVOICE in said or _INVOICE in named
    return RetryPayment(
        id=letter_id,
        source_id=source_id,
        order_id=None if bills else _id(named, _ORDER),
        invoice=_invoice(named) if bills else None,
        outside_event_id=_id(said, "outsideEventId"),
        edited=corrected is not None,
    )


# JSON of any shape, hence Any.
def _read(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Invalid(field=None, reason="must be a JSON object", why=ViolationCode.FORMAT)
    return said


def _id(said: dict[str, Any], member: str) -> UUID:
    try:
        return read_id(said.get(member))
    except ValueError:
        raise Invalid(field=member, reason="must be an id", why=ViolationCode.FORMAT) from None


def _invoice(said: dict[str, Any]) -> InvoiceReference:
    found = invoice_of(said.get(_INVOICE))
    if found is None:
        reason = "must be the ids of a tenant and its subscription, and a number, with slashes between"
        raise Invalid(field=_INVOICE, reason=reason, why=ViolationCode.FORMAT)
    return found
