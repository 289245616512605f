"""Events are checked by the schema of their type: the tenant's own, or the one that is there from the start."""

from typing import Any

import pytest

from domain.gateway.schemas.built_in import BUILT_IN
from domain.gateway.schemas.schema_rules import schema_violations
from tests.gateway.sending import Sender, a_source, event
from tests.kit.client import Client
from tests.kit.product import Product


def _schema(**payload: Any) -> dict[str, Any]:
    return {"properties": {"payload": {"type": "object", "properties": payload, "required": [*payload]}}}


def _sent(payload: dict[str, Any], event_type: str = "parcel.sent", **more: Any) -> dict[str, Any]:
    return event(eventType=event_type, data={"payload": payload}, **more)


def _faults(answer: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(each["rule"], each["code"], each["path"]) for each in answer["violations"]]


async def _register(client: Client, schema: dict[str, Any], **more: Any) -> str:
    answer = await client.send("RegisterSchema", input={"eventType": "parcel.sent", "schema": schema, **more})
    id: str = answer["eventSchema"]["id"]
    return id


@pytest.mark.parametrize("event_type", BUILT_IN)
def test_schemas_that_are_there_from_the_start_can_be_used(event_type: str) -> None:
    assert schema_violations(BUILT_IN[event_type]) == []


async def test_what_does_not_keep_to_its_schema_is_rejected_with_every_place(
    shop: Sender, client: Client
) -> None:
    await _register(client, _schema(parcelId={"type": "string", "format": "uuid"}, weight={"minimum": 0}))
    good = {"parcelId": "7f3c2b1a-0000-4000-8000-000000000001", "weight": 2}
    answers = await shop.answers(_sent(good), _sent({"parcelId": "x", "weight": -1}), _sent({"weight": 1}))
    assert [answer["status"] for answer in answers] == ["accepted", "rejected", "rejected"]
    assert sorted(_faults(answers[1])) == [
        ("schema", "format", ["data", "payload", "parcelId"]),
        ("schema", "too_small", ["data", "payload", "weight"]),
    ]
    assert _faults(answers[2]) == [("schema", "required", ["data", "payload", "parcelId"])]
    (missing,) = answers[2]["violations"]
    assert missing["message"] == "data.payload.parcelId: The property is missing."


async def test_an_event_is_checked_by_the_version_that_it_names_or_the_newest(
    shop: Sender, client: Client
) -> None:
    await _register(client, _schema(a={"type": "integer"}), compatibility="NONE")
    await _register(client, _schema(a={"type": "string"}))
    answers = await shop.answers(
        _sent({"a": 1}, version="1.0"),
        _sent({"a": 1}),
        _sent({"a": "x"}, version="2"),
        _sent({"a": 1}, version="3"),
        _sent({"a": "x"}, version="0"),
    )
    statuses = [answer["status"] for answer in answers]
    assert statuses == ["accepted", "rejected", "accepted", "rejected", "rejected"]
    assert [_faults(answer) for answer in answers[3:]] == [[("schema", "unsuitable", ["version"])]] * 2


async def test_a_schema_holds_for_the_next_event_and_for_other_names_of_the_type(
    shop: Sender, client: Client
) -> None:
    assert [answer["status"] for answer in await shop.answers(_sent({"a": 1}))] == ["accepted"]
    id = await _register(client, _schema(a={"type": "string"}))
    await client.send("SetEventAliases", input={"id": id, "otherNames": ["parcel.posted"]})
    answers = await shop.answers(
        _sent({"a": 1}), _sent({"a": 1}, "parcel.posted"), _sent({"a": 1}, "parcel.lost")
    )
    assert [answer["status"] for answer in answers] == ["rejected", "rejected", "accepted"]


async def test_what_comes_under_another_name_is_an_event_of_the_type_by_its_newest_version(
    product: Product, client: Client
) -> None:
    shop = await a_source(product, client, scopes=["parcel.sent"])
    id = await _register(client, _schema(a={"type": "integer"}), compatibility="NONE")
    await _register(client, _schema(a={"type": "string"}))
    await client.send("SetEventAliases", input={"id": id, "otherNames": ["ParcelSent"]})
    accepted, unknown, named = await shop.answers(
        _sent({"a": "x"}, "ParcelSent"), _sent({"a": "x"}, "ParcelLost"), _sent({"a": 1}, version="1")
    )
    assert [each["status"] for each in (accepted, unknown, named)] == ["accepted", "rejected", "accepted"]
    assert _faults(unknown) == [("envelope", "format", ["eventType"])]
    filter = {"sourceId": {"eq": shop.id}, "eventType": {"eq": "parcel.sent"}}
    found = await client.send("OutsideEvents", filter=filter, afterPosition=named["position"])
    assert sorted(edge["node"]["schemaVersion"] for edge in found["edges"]) == ["1", "2"]


@pytest.mark.parametrize("strange", ["\ud800", "a.\0", "a" * 5_000, "", "Parcel Sent"])
async def test_what_is_no_type_is_rejected_and_keeps_no_other_from_being_checked(
    shop: Sender, client: Client, strange: str
) -> None:
    await _register(client, _schema(a={"type": "string"}))
    answers = await shop.answers(_sent({}, strange), _sent({"a": 1}), _sent({"a": "x"}))
    assert [answer["status"] for answer in answers] == ["rejected", "rejected", "accepted"]
    assert _faults(answers[1]) == [("schema", "format", ["data", "payload", "a"])]


async def test_types_of_values_are_checked_of_what_is_known_from_the_start(shop: Sender) -> None:
    answers = await shop.answers(
        _sent({"email": "anna"}, "user.registered"),
        _sent({"email": "anna"}, "user.created"),
        _sent({"orderId": "o-1", "items": [{"quantity": "two"}]}, "order.created"),
        _sent({"modelId": "m-1", "confidence": 1.5}, "ml.model.inference"),
    )
    assert [_faults(answer)[0][2][2:] for answer in answers] == [
        ["email"],
        ["email"],
        ["items", "0", "quantity"],
        ["confidence"],
    ]
