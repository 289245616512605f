"""The outside systems of a demo company: what its shop, its payments and its warehouse send over ninety days."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from app.demo.words import WARES
from domain.gateway.outcomes import ReceivedEvent
from domain.gateway.sources import RegisterSource, SourceKind
from domain.kit.commands import Command

_SOURCES = (
    ("Web shop", SourceKind.APPLICATION),
    ("Payments", SourceKind.WEBHOOK),
    ("Warehouse", SourceKind.BATCH),
)
_EVENTS = 9
"""How many events are sent at once; of the first source, so many visits."""
_REJECTED = 15
"""Each so many batches of payments hold one whose amount is wrong."""


@dataclass(frozen=True, slots=True)
class SentBatch:
    """What a source sends at once. Sent again, all of it is a duplicate."""

    source_id: UUID
    events: Sequence[ReceivedEvent]


Step = tuple[datetime, UUID, Command | SentBatch]


def outside(
    company: UUID, owner: UUID, users: Sequence[UUID], batches: int, start: datetime, days: int
) -> Iterator[Step]:
    """What outside systems send in so many batches; the same start always tells the same."""
    if not batches:
        return
    chance = random.Random(20260303)
    for number, (name, kind) in enumerate(_SOURCES):
        registered = RegisterSource(id=source(company, number), name=name, kind=kind, environment="demo")
        yield start + timedelta(minutes=52, seconds=number), owner, registered
    for number in range(batches):
        at = start + timedelta(hours=3) + timedelta(days=days, hours=-4) * (number / batches)
        which = number % len(_SOURCES)
        sent = [
            ReceivedEvent(_event(company, number, place, which, at, chance.choice(users), chance))
            for place in range(_EVENTS)
        ]
        yield at, owner, SentBatch(source(company, which), sent)


def source(company: UUID, number: int) -> UUID:
    """The id of one of a company's sources, from 0."""
    return uuid5(company, f"source {number}")


# An event is JSON of any shape, hence Any.
def _event(
    company: UUID, batch: int, place: int, which: int, at: datetime, user: UUID, chance: random.Random
) -> dict[str, Any]:
    name, price = chance.choice(WARES)
    amount = round(float(price) * chance.choice((1, 1, 2, 3)), 2)
    payload: dict[str, Any]
    if which == 0:
        kind = chance.choice(("user.product_viewed", "user.product_viewed", "user.cart_filled"))
        payload = {"product": name, "price": float(price)}
    elif which == 1:
        kind = "payment.received"
        wrong = place == 0 and batch % (_REJECTED * len(_SOURCES)) == 1
        payload = {
            "orderId": f"W-{batch:04}-{place}",
            "amount": -amount if wrong else amount,
            "currency": "EUR",
        }
    else:
        kind = "shipment.dispatched"
        payload = {"orderId": f"W-{batch - 1:04}-{place}", "carrier": chance.choice(("Post", "Courier"))}
    happened = at - timedelta(seconds=chance.randint(1, 240))
    return {
        "eventId": str(uuid5(company, f"outside event {batch} {place}")),
        "eventType": kind,
        "timestamp": happened.isoformat(),
        "userId": str(user),
        "sessionId": f"session-{batch}",
        "correlationId": f"W-{batch if which < 2 else batch - 1:04}-{place}",
        "data": {"payload": payload, "metadata": {"channel": "demo"}},
    }
