"""What is wrong with an event, told with the rule, the code and the place; and what is good."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.gateway.sending import Sender, event, fault

WRONG: dict[str, tuple[Any, tuple[str, str, list[str]]]] = {
    "a text": ("x", ("envelope", "format", [])),
    "null": (None, ("envelope", "format", [])),
    "a list": ([[]], ("envelope", "format", [])),
    "no id": (event(eventId=None), ("envelope", "required", ["eventId"])),
    "an id that is no UUID": (event(eventId="7"), ("envelope", "format", ["eventId"])),
    "a number for an id": (event(eventId=7), ("envelope", "format", ["eventId"])),
    "no type": (event(eventType=None), ("envelope", "required", ["eventType"])),
    "one word": (event(eventType="order"), ("envelope", "format", ["eventType"])),
    "a long type": (event(eventType="a." + "b" * 99), ("envelope", "too_long", ["eventType"])),
    "no data": (event(data=None), ("envelope", "required", ["data"])),
    "data that is a list": (event(data=[]), ("envelope", "format", ["data"])),
    "no payload": (event(data={}), ("envelope", "required", ["data", "payload"])),
    "a payload that is a text": (event(data={"payload": "x"}), ("envelope", "format", ["data", "payload"])),
    "metadata that is a list": (
        event(data={"payload": {}, "metadata": []}),
        ("envelope", "format", ["data", "metadata"]),
    ),
    "more beside the payload": (
        event(data={"payload": {}, "x": 1}),
        ("envelope", "unsuitable", ["data", "x"]),
    ),
    "a member that there is not": (event(userid="x"), ("envelope", "unsuitable", ["userid"])),
    "no time": (event(timestamp=None), ("envelope", "required", ["timestamp"])),
    "no offset": (event(timestamp="2022-02-03T11:47:43.123"), ("envelope", "format", ["timestamp"])),
    "no time of day": (event(timestamp="2022-02-03"), ("envelope", "format", ["timestamp"])),
    "seconds since 1970": (event(timestamp=1643888863), ("envelope", "format", ["timestamp"])),
    "a year of five digits": (
        event(timestamp="10013-02-03T11:47:43Z"),
        ("envelope", "format", ["timestamp"]),
    ),
    "the year 9999": (event(timestamp="9999-12-31T23:59:59Z"), ("envelope", "out_of_range", ["timestamp"])),
    "the year 1": (event(timestamp="0001-01-01T00:00:00+23:00"), ("envelope", "format", ["timestamp"])),
    "a 30th of February": (event(timestamp="2022-02-30T11:47:43Z"), ("envelope", "format", ["timestamp"])),
    "an hour 24": (event(timestamp="2022-02-03T24:00:00Z"), ("envelope", "format", ["timestamp"])),
    "the future": (
        event(timestamp=(datetime.now(UTC) + timedelta(hours=1)).isoformat()),
        ("skew", "out_of_range", ["timestamp"]),
    ),
    "an address for a user": (event(userId="ada@example.com"), ("envelope", "format", ["userId"])),
    "a number for a session": (event(sessionId=7), ("envelope", "format", ["sessionId"])),
    "a number for a version": (event(version=1), ("envelope", "format", ["version"])),
    "an environment of two words": (event(environment="a b"), ("envelope", "format", ["environment"])),
    "a source of blanks": (event(eventSource=" \u200b "), ("envelope", "too_short", ["eventSource"])),
    "a sealed text": (
        event(eventSource=f"hw1.{'0' * 32}.1.-.AAAA.AAAA"),
        ("envelope", "format", ["eventSource"]),
    ),
    "an amount of nothing": (
        event(data={"payload": {"totalAmount": 0}}),
        ("amount_positive", "too_small", ["data", "payload", "totalAmount"]),
    ),
    "an order of nothing": (
        event(data={"payload": {"items": []}}),
        ("order_valid", "too_few", ["data", "payload", "items"]),
    ),
    "fewer than none of an item": (
        event(data={"payload": {"items": [{"quantity": 1}, {"quantity": -1}]}}),
        ("order_valid", "too_small", ["data", "payload", "items", "1", "quantity"]),
    ),
    "too much": (event(data={"payload": {"text": "x" * 70_000}}), ("size", "too_large", [])),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_with_an_event_is_told_with_the_place(shop: Sender, name: str) -> None:
    wrong, expected = WRONG[name]
    rejected, accepted = await shop.answers(wrong, event())
    assert fault(rejected) == expected
    assert rejected["letterId"]
    assert accepted["status"] == "accepted"


RAW = {
    "NaN": ('{"a": NaN}', ("json", "out_of_range", ["data", "payload", "a"])),
    "a number without end": ('{"a": [1, 1e400]}', ("json", "out_of_range", ["data", "payload", "a", "1"])),
    "more digits than fit": (
        '{"a": 123456789012345678901234567890}',
        ("json", "out_of_range", ["data", "payload", "a"]),
    ),
    "a number of 65 bits": (
        '{"a": 18446744073709551616}',
        ("json", "out_of_range", ["data", "payload", "a"]),
    ),
    "more than the interpreter reads": (
        '{"a": ' * 5_000 + r'"]} \" [{"' + "}" * 5_000,
        ("json", "too_deep", []),
    ),
    "thousands of digits": ('{"a": ' + "9" * 5_000 + "}", ("json", "out_of_range", ["data", "payload", "a"])),
    "half a surrogate pair": (r'{"a": "\ud800"}', ("json", "format", ["data", "payload", "a"])),
    "such a name": (r'{"\ud800": 1}', ("json", "format", ["data", "payload", "?"])),
    "NUL": (r'{"a": "\u0000"}', ("json", "format", ["data", "payload", "a"])),
    "a member twice": ('{"a": 1, "a": 2}', ("json", "format", ["data", "payload", "a"])),
    "depth": ('{"a": ' * 40 + "1" + "}" * 40, ("json", "too_deep", ["data", "payload", *["a"] * 30])),
}


@pytest.mark.parametrize("name", RAW)
async def test_what_cannot_be_kept_is_one_event_s_fault(shop: Sender, name: str) -> None:
    payload, expected = RAW[name]
    bad = json.dumps(event(data={"payload": "HERE"})).replace('"HERE"', payload)
    response = await shop.send(f"[{bad}, {json.dumps(event())}]".encode())
    rejected, accepted = response.json()["results"]
    assert fault(rejected) == expected
    assert accepted["status"] == "accepted"


GOOD = [
    event(timestamp="2022-02-03T11:47:43.123456789Z"),
    event(timestamp="2022-02-03t11:47:43+05:30"),
    event(data={"payload": {"items": [{"price": 0, "quantity": 2}], "list": [[1], None, True]}}),
    event(data={"payload": {"text": "ü € 😀 hw1."}}, eventSource="Kasse 1 – Süd"),
    event(timestamp=(datetime.now(UTC) + timedelta(minutes=2)).isoformat()),
    event(eventId=str(uuid4()).upper(), version="1.2.0-beta", correlationId="a/b:c=", userId=str(uuid4())),
    event(data={"payload": {"number": 9223372036854775807, "small": 1e-300, "large": 1.5e300}}),
    event(data={"payload": {"numbers": [2**64 - 1, -(2**63), -(10**18)], "none": None}}),
]


async def test_what_is_good_is_accepted(shop: Sender) -> None:
    assert [result["status"] for result in await shop.answers(*GOOD)] == ["accepted"] * len(GOOD)
