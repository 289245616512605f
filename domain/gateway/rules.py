"""The rules of events by their types, beside those of their form: amounts are positive, orders hold something."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.gateway.envelope import IncomingEvent
from domain.gateway.outcomes import EventViolation
from domain.kit.refusals import ViolationCode

Rule = Callable[[IncomingEvent], Iterator[EventViolation]]
_CURRENCY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def broken_rules(event: IncomingEvent) -> list[EventViolation]:
    """What the rules of the event's type say against it."""
    return [violation for rule in RULES.get(event.type, ()) for violation in rule(event)]


def _amount_positive(*names: str) -> Rule:
    def rule(event: IncomingEvent) -> Iterator[EventViolation]:
        for name in names:
            if name in event.payload and not _positive(event.payload[name]):
                yield _against(
                    "amount_positive", (name,), "must be a number above 0", ViolationCode.TOO_SMALL
                )

    return rule


def _order_valid(event: IncomingEvent) -> Iterator[EventViolation]:
    currency, items = event.payload.get("currency"), event.payload.get("items")
    if currency is not None and not (
        isinstance(currency, str) and len(currency) == 3 and _CURRENCY.issuperset(currency)
    ):
        yield _against("order_valid", ("currency",), "must be three capital letters", ViolationCode.FORMAT)
    if items is None:
        return
    if not isinstance(items, list) or not items:
        yield _against(
            "order_valid", ("items",), "must be a list with an item at least", ViolationCode.TOO_FEW
        )
        return
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            yield _against("order_valid", ("items", place), "must be a JSON object", ViolationCode.FORMAT)
            continue
        if "quantity" in item and not _positive(item["quantity"]):
            path = ("items", place, "quantity")
            yield _against("order_valid", path, "must be a number above 0", ViolationCode.TOO_SMALL)
        if "price" in item and not _positive(item["price"], zero=True):
            path = ("items", place, "price")
            yield _against("order_valid", path, "must be a number, 0 or above", ViolationCode.TOO_SMALL)


RULES: Mapping[str, tuple[Rule, ...]] = {
    "order.created": (_amount_positive("totalAmount"), _order_valid),
    "payment.received": (_amount_positive("amount"),),
    "payment.succeeded": (_amount_positive("amount"),),
    "payment.refunded": (_amount_positive("amount"),),
}
"""The rules by type; a violation names the rule."""


# JSON of any shape, hence Any.
def _positive(value: Any, *, zero: bool = False) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    return value >= 0 if zero else value > 0


def _against(rule: str, path: tuple[str | int, ...], reason: str, code: ViolationCode) -> EventViolation:
    whole = ("data", "payload", *path)
    return EventViolation(rule, code, whole, f"{'.'.join(map(str, whole))} {reason}.")
