"""The states of an order: one table says what leads from which to which, and why what is refused is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.kit.model import Refusal
from domain.kit.money.money import Money


class OrderStatus(StrEnum):
    """The status of an order."""

    PLACED = "placed"
    """Not paid in full yet."""
    PAID = "paid"
    """Paid in full."""
    PAYMENT_FAILED = "payment_failed"
    """The last payment failed, and another one may follow."""
    PARTLY_REFUNDED = "partly_refunded"
    """Some of what was paid was given back."""
    REFUNDED = "refunded"
    """All that was paid was given back."""
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"


class OrderAct(StrEnum):
    """What happens to an order."""

    PAY_PART = "pay_part"
    """Money comes, and what was paid and not refunded is less than the total."""
    PAY = "pay"
    """Money comes, and what was paid and not refunded is the total or more."""
    FAIL_PAYMENT = "fail_payment"
    REFUND_PART = "refund_part"
    """Money goes back, and some of less than the total is left."""
    REFUND_ALL = "refund_all"
    """Money goes back, and none is left."""
    CANCEL = "cancel"
    FULFIL = "fulfil"


class OrderNotPaid(Refusal):
    """This order is not paid, so it cannot be fulfilled."""


class OrderIsCancelled(Refusal):
    """This order is cancelled."""


class OrderIsRefunded(Refusal):
    """This order was refunded, so it is closed."""


class OrderIsFulfilled(Refusal):
    """This order is fulfilled already; refund it instead of cancelling it."""


Next = OrderStatus | type[Refusal]
_Row = Mapping[OrderAct, Next]


def _row(status: OrderStatus, **others: Next) -> _Row:
    """What follows after each act: the same status, unless another is said."""
    return {act: others.get(act.value, status) for act in OrderAct}


_S = OrderStatus
# Money that has moved is a fact, which no state refuses: what should not have come is owed back.
TRANSITIONS: Mapping[OrderStatus, _Row] = MappingProxyType(
    {
        _S.PLACED: _row(
            _S.PLACED,
            pay=_S.PAID,
            fail_payment=_S.PAYMENT_FAILED,
            cancel=_S.CANCELLED,
            fulfil=OrderNotPaid,
        ),
        _S.PAYMENT_FAILED: _row(
            _S.PAYMENT_FAILED,
            pay_part=_S.PLACED,
            pay=_S.PAID,
            cancel=_S.CANCELLED,
            fulfil=OrderNotPaid,
        ),
        _S.PAID: _row(
            _S.PAID,
            refund_part=_S.PARTLY_REFUNDED,
            refund_all=_S.REFUNDED,
            cancel=_S.CANCELLED,
            fulfil=_S.FULFILLED,
        ),
        _S.PARTLY_REFUNDED: _row(
            _S.PARTLY_REFUNDED,
            pay=_S.PAID,
            refund_all=_S.REFUNDED,
            cancel=_S.CANCELLED,
            fulfil=_S.FULFILLED,
        ),
        _S.REFUNDED: _row(_S.REFUNDED, cancel=OrderIsRefunded, fulfil=OrderIsRefunded),
        _S.CANCELLED: _row(_S.CANCELLED, cancel=OrderIsCancelled, fulfil=OrderIsCancelled),
        _S.FULFILLED: _row(
            _S.FULFILLED, refund_all=_S.REFUNDED, cancel=OrderIsFulfilled, fulfil=OrderIsFulfilled
        ),
    }
)
"""By status and act, the status after it, or the refusal."""

CLOSED = (OrderStatus.CANCELLED, OrderStatus.REFUNDED)
"""In these states an order takes no money: what was paid is owed back."""


def after(status: OrderStatus, act: OrderAct) -> OrderStatus:
    """The status after an act. Raises the refusal of one that is not allowed."""
    following = TRANSITIONS[status][act]
    if isinstance(following, OrderStatus):
        return following
    raise following(field="id")


def owed(status: OrderStatus, *, total: Money, kept: Money) -> Money:
    """What is owed back of the money that was paid and not refunded: what is more than the total, and of what is
    closed all of it."""
    return kept if status in CLOSED else max(kept - total, total * 0)
