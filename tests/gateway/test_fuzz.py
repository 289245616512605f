"""Whatever is sent, the door answers: never with a fault of its own, and with one result for each event."""

import json
import random
from typing import Any

from tests.gateway.sending import Sender, event
from tests.kit.product import Product

TRIES = 3_000
_TEXTS = [
    "",
    "\0",
    "\ud800",
    "ü",
    "😀" * 50,
    "x" * 300,
    "hw1." + "0" * 32,
    "a.b",
    "2022-02-30T25:61:61Z",
    "\u202e",
    "null",
]


def _value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(9 if depth < 5 else 6)
    match kind:
        case 0:
            return None
        case 1:
            return chance.choice([True, False])
        case 2:
            return chance.choice([0, -1, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40])
        case 3:
            return chance.choice([0.1, -0.0, 1e308, 1e-320, float("nan"), float("inf")])
        case 4 | 5:
            return chance.choice(_TEXTS)
        case 6:
            return [_value(chance, depth + 1) for _ in range(chance.randrange(4))]
        case _:
            return {
                chance.choice([*_TEXTS, "data", "items"]): _value(chance, depth + 1)
                for _ in range(chance.randrange(4))
            }


def _event(chance: random.Random) -> Any:
    good = event()
    names = [*good, "userId", "sessionId", "correlationId", "version", "eventSource", "environment", "x"]
    for _ in range(chance.randrange(4)):
        good[chance.choice(names)] = _value(chance)
    if chance.random() < 0.5:
        good["data"] = {
            "payload": {"totalAmount": _value(chance), "items": _value(chance), "p": _value(chance)}
        }
    return good if chance.random() < 0.95 else _value(chance)


async def test_no_event_is_a_fault_of_ours(shop: Sender, product: Product) -> None:
    chance = random.Random(20261130)
    seen = set()
    for _ in range(TRIES // 50):
        events = [_event(chance) for _ in range(50)]
        results = await shop.answers(*events)
        for result in results:
            seen.add(result["status"])
            assert result["status"] != "rejected" or all(
                violation["message"] and violation["rule"] for violation in result["violations"]
            )
    assert seen == {"accepted", "rejected"}


async def test_no_bytes_are_a_fault_of_ours(shop: Sender) -> None:
    chance = random.Random(20261130)
    for _ in range(600):
        body = bytearray(json.dumps([event()]).encode())
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(body))
            body[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        kind = chance.choice(["application/json", "application/x-ndjson"])
        response = await shop.send(bytes(body), **{"content-type": kind})
        assert response.status_code in (200, 400, 422), response.text
