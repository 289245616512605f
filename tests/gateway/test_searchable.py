"""Values of events that stand in plain, because their schema says that they are about no person."""

from typing import Any

import pytest

from domain.gateway.event_schemas import registration
from domain.gateway.schemas.compatibility import CompatibilityMode, CompatibilityPolicy
from domain.gateway.schemas.schema_rules import schema_violations
from domain.gateway.schemas.searchable import (
    LONGEST_VALUE,
    MOST_SEARCHABLE,
    as_text,
    searchable_places,
    searchable_values,
)
from tests.gateway.sending import Json, Sender, a_source, event
from tests.kit.client import Client
from tests.kit.product import Product

TEXT = {"type": "string", "x-searchable": True}
NUMBER = {"type": ["number", "null"], "x-searchable": True}


def schema(metadata: Json, payload: Json | None = None, **more: Any) -> Json:
    """A schema with these properties."""
    parts = {"metadata": {"properties": metadata}, "payload": {"properties": payload or {}}}
    return {"properties": parts, **more}


def wrong(schema: Json) -> list[str]:
    """What is wrong with a schema, as codes and places."""
    return [f"{each.code} {'/'.join(map(str, each.path))}" for each in schema_violations(schema)]


def test_properties_of_payload_and_metadata_are_named_by_keys() -> None:
    nested = {"properties": {"code": TEXT, "other": {"type": "string", "x-searchable": False}}}
    found = schema({"campaign": TEXT, "shop": nested}, {"amount": NUMBER})
    assert wrong(found) == []
    assert searchable_places(found) == (
        ("campaign", ("metadata", "campaign")),
        ("shop.code", ("metadata", "shop", "code")),
        ("payload.amount", ("payload", "amount")),
    )


_AT = "unsuitable properties/metadata/properties/a/x-searchable"


@pytest.mark.parametrize(
    ("part", "codes"),
    [
        ({"type": "string", "x-searchable": "yes"}, ["format properties/metadata/properties/a/x-searchable"]),
        ({"type": "object", "x-searchable": True}, [_AT]),
        ({"type": ["string", "array"], "x-searchable": True}, [_AT]),
        ({"type": "null", "x-searchable": True}, [_AT]),
        ({"x-searchable": True}, [_AT]),
        ({**TEXT, "anyOf": [{"type": "string"}]}, [_AT]),
        ({**TEXT, "x-personal": True}, [_AT]),
        ({**TEXT, "x-pii": "name"}, [_AT]),
        ({**TEXT, "format": "email"}, [_AT]),
        ({"items": TEXT}, ["unsuitable properties/metadata/properties/a/items/x-searchable"]),
        ({"x-personal": True, "properties": {"b": TEXT}}, [_AT.replace("x-", "properties/b/x-")]),
        ({**TEXT, "x-pii": False, "format": "uuid"}, []),
    ],
)
def test_what_is_no_single_value_or_is_about_a_person_is_not_searchable(part: Json, codes: list[str]) -> None:
    assert wrong(schema({"a": part})) == codes


@pytest.mark.parametrize("name", ["a.b", "é", "", "payload", "a" * 65])
def test_keys_are_plain_and_mean_one_place(name: str) -> None:
    assert [each.split()[0] for each in wrong(schema({name: TEXT}))] == ["unsuitable"]


def test_what_stands_elsewhere_is_not_searchable() -> None:
    assert wrong({"properties": {"metadata": TEXT}}) == ["unsuitable properties/metadata/x-searchable"]
    assert wrong({"$defs": {"a": TEXT}}) == ["unsuitable $defs/a/x-searchable"]


@pytest.mark.parametrize(
    ("metadata", "more"),
    [
        ({}, {"allOf": [{"properties": {"metadata": {"properties": {"a": {"x-personal": True}}}}}]}),
        ({}, {"$ref": "#/$defs/marked", "$defs": {"marked": {"x-pii": True}}}),
        ({"patternProperties": {"^a": {"x-personal": True}}}, {}),
        ({"dependentSchemas": {"b": {"properties": {"a": {"x-personal": True}}}}}, {}),
    ],
    ids=["allOf", "$ref", "patternProperties", "dependentSchemas"],
)
def test_of_what_others_may_say_more_nothing_is_searchable(metadata: Json, more: Json) -> None:
    assert wrong({"properties": {"metadata": {"properties": {"a": TEXT}, **metadata}}, **more}) == [_AT]
    closed = {"properties": {"a": TEXT}, "additionalProperties": False}
    assert wrong({"properties": {"metadata": closed}}) == []


def test_what_looks_sealed_is_neither_a_key_nor_a_value() -> None:
    nested: Json = TEXT
    for name in ("B", "A", "-", "1", "0" * 32):
        nested = {"properties": {name: nested}}
    assert [each.split()[0] for each in wrong(schema({"hw1": nested}))] == ["unsuitable"]
    data = {"metadata": {"a": f"hw1.{'0' * 32}.1.-.A.B", "b": "hw1"}}
    places = tuple((key, ("metadata", key)) for key in "ab")
    assert searchable_values(places, data) == {"b": "hw1"}


def test_a_schema_has_twenty_searchable_properties_at_the_most() -> None:
    many = {f"p{number}": TEXT for number in range(MOST_SEARCHABLE)}
    assert wrong(schema(many)) == []
    assert wrong(schema(many, {"more": NUMBER})) == ["too_many "]


def test_what_is_kept_is_plain_and_not_too_long() -> None:
    places = tuple((key, ("metadata", key)) for key in "abcdefghi")
    data = {
        "metadata": {
            "a": "x" * LONGEST_VALUE,
            "b": "x" * (LONGEST_VALUE + 1),
            "c": "",
            "d": "a\0",
            "e": None,
            "f": 3.0,
            "g": False,
            "h": [1],
            "i": "e\u0301",
        }
    }
    found = searchable_values(places, data)
    assert found == {"a": "x" * LONGEST_VALUE, "f": 3, "g": False, "i": "\u00e9"}
    assert [as_text(value) for value in (found["f"], found["g"], 12.5, 1.5e-7)] == [
        "3",
        "false",
        "12.5",
        "0.00000015",
    ]


def test_what_is_searchable_is_no_matter_of_compatibility() -> None:
    plain, found = schema({"a": {"type": "string"}}), schema({"a": TEXT})
    for first, second in ((plain, found), (found, plain)):
        would = registration(second, [first], CompatibilityMode.FULL_TRANSITIVE, CompatibilityPolicy.STRICT)
        assert (would.version, would.known, would.incompatibilities) == (2, False, [])


def sent(campaign: str, amount: float, **more: object) -> Json:
    """An event of a campaign."""
    payload = {"amount": amount, "note": "secret"}
    data = {"payload": payload, "metadata": {"campaign": campaign, "channel": "web"}}
    return event(eventType="ad.clicked", data=data, **more)


async def found_by(client: Client, *entries: tuple[str, str], **more: Any) -> list[str]:
    """The source's ids of the events that have all of these."""
    contains = [{"key": key, "value": value} for key, value in entries]
    page = await client.send("OutsideEvents", filter={"metadata": {"contains": contains}}, **more)
    return sorted(edge["node"]["eventId"] for edge in page["edges"])


@pytest.mark.servers
async def test_events_are_found_by_what_their_schema_says(
    product: Product, shop: Sender, client: Client
) -> None:
    stranger = await product.newcomer()
    spring = sent("spring", 12.5)
    (before,) = await shop.answers(sent("spring", 1))
    named = schema({"campaign": TEXT}, {"amount": NUMBER})
    receipt = await client.send("RegisterSchema", input={"eventType": "ad.clicked", "schema": named})
    assert "eventSchema" in receipt, receipt
    autumn, personal = sent("autumn", 12.5), sent("spring", 7, userId="u-1")
    *_, last = await shop.answers(spring, autumn, personal)
    assert before["status"] == last["status"] == "accepted"
    at = last["position"]
    assert await found_by(client, ("campaign", "spring"), afterPosition=at) == sorted(
        [personal["eventId"], spring["eventId"]]
    )
    assert await found_by(client, ("campaign", "spring"), ("payload.amount", "12.5")) == [spring["eventId"]]
    assert await found_by(client, ("channel", "web")) == []
    assert await found_by(client, ("payload.note", "secret")) == []
    # Another tenant's are not found.
    other = await a_source(product, stranger)
    await stranger.send("RegisterSchema", input={"eventType": "ad.clicked", "schema": named})
    theirs = sent("spring", 12.5)
    (answer,) = await other.answers(theirs)
    assert await found_by(stranger, ("campaign", "spring"), afterPosition=answer["position"]) == [
        theirs["eventId"]
    ]
    page = await client.send("OutsideEvents", filter={"eventType": {"eq": "ad.clicked"}})
    shown = {edge["node"]["eventId"]: edge["node"]["metadata"] for edge in page["edges"]}
    assert shown[spring["eventId"]] == [
        {"key": "campaign", "value": "spring"},
        {"key": "payload.amount", "value": "12.5"},
    ]
    assert shown[before["eventId"]] == []


@pytest.mark.servers
async def test_who_watches_hears_of_those_that_meet_the_filter(shop: Sender, client: Client) -> None:
    named = schema({"campaign": TEXT})
    await client.send("RegisterSchema", input={"eventType": "ad.clicked", "schema": named})
    (first,) = await shop.answers(sent("spring", 1))
    filter = {"metadata": {"contains": [{"key": "campaign", "value": "spring"}]}}
    async with client.watching("OutsideEventChanged", initial=True, filter=filter) as messages:
        state = await anext(messages)
        assert len(state["nodes"]) == 1
        autumn, spring = sent("autumn", 1), sent("spring", 2)
        await shop.answers(autumn, spring)
        change = await anext(messages)
        assert change["node"]["eventId"] == spring["eventId"] != first["eventId"]


@pytest.mark.servers
async def test_a_later_version_changes_nothing_of_events_that_came_before(
    shop: Sender, client: Client
) -> None:
    named, unnamed = schema({"campaign": TEXT}), schema({"campaign": {"type": "string"}})
    for each in (named, unnamed):
        await client.send("RegisterSchema", input={"eventType": "ad.clicked", "schema": each})
    first, second = sent("spring", 1, version="1"), sent("spring", 1)
    *_, last = await shop.answers(first, second)
    found = await found_by(client, ("campaign", "spring"), afterPosition=last["position"])
    assert found == [first["eventId"]]


@pytest.mark.servers
async def test_each_value_counts_as_a_condition(client: Client) -> None:
    contains = [{"key": f"k{number}", "value": "v"} for number in range(5)]
    many = [{"metadata": {"contains": contains}}] * 9
    code, message = await client.error("OutsideEvents", filter={"or": many})
    assert (code, message) == ("LIMIT_EXCEEDED", "The filter has too many conditions: at most 50.")


@pytest.mark.servers
async def test_a_filter_takes_five_values_at_the_most(client: Client) -> None:
    contains = [{"key": f"k{number}", "value": "v"} for number in range(6)]
    code, message = await client.error("OutsideEvents", filter={"metadata": {"contains": contains}})
    assert (code, message) == (
        "LIMIT_EXCEEDED",
        "filter.metadata.contains has too many values: at most 5.",
    )
