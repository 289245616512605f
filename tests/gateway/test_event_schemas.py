"""Schemas of events: versions that never change, what may follow what, and the way through the API."""

from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from domain.gateway.envelope import EventCategory
from domain.gateway.event_schemas import (
    MOST_VERSIONS,
    AddSchemaVersion,
    DeprecateSchemaVersion,
    EventSchema,
    RegisterSchema,
    SchemaIncompatible,
    SchemaVersionDeprecated,
    SchemaVersionUnknown,
    SetCompatibility,
    SetEventAliases,
    TooManySchemaVersions,
)
from domain.gateway.schemas.compatibility import CompatibilityMode, CompatibilityPolicy
from domain.gateway.schemas.event_types import category
from domain.kit.refusals import AlreadyTaken, Invalid
from domain.kit.scenario import given
from tests.kit.client import Client
from tests.kit.product import Product

SCHEMA = UUID(int=1)
_ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {"orderId": {"type": "string"}, "total": {"type": "number"}},
    "required": ["orderId"],
    "additionalProperties": False,
}


def _of(payload: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"payload": payload}}


ORDER = _of(_ORDER)
WIDER = _of({**_ORDER, "properties": {**_ORDER["properties"], "note": {"type": "string"}}})
NARROWER = _of({**_ORDER, "required": ["orderId", "total"]})
REGISTERED = EventSchema.Registered(
    event_type="order.created",
    category=EventCategory.BUSINESS,
    compatibility=CompatibilityMode.BACKWARD,
    policy=CompatibilityPolicy.STRICT,
)


def _version(number: int, schema: dict[str, Any]) -> EventSchema.VersionAdded:
    return EventSchema.VersionAdded(
        event_type="order.created", version_id=uuid5(SCHEMA, str(number)), number=number, schema=schema
    )


FIRST = _version(1, ORDER)


def test_registers_a_type_with_its_first_version() -> None:
    given().when(RegisterSchema(id=SCHEMA, event_type="order.created", schema=ORDER)).then(REGISTERED, FIRST)


def test_adds_versions_one_after_the_other() -> None:
    given(REGISTERED, FIRST).when(AddSchemaVersion(id=SCHEMA, schema=WIDER)).then(_version(2, WIDER))


def test_the_same_schema_again_is_the_same_version() -> None:
    shuffled = {keyword: ORDER[keyword] for keyword in reversed(ORDER)}
    given(REGISTERED, FIRST, _version(2, WIDER)).when(AddSchemaVersion(id=SCHEMA, schema=shuffled)).then()


def test_refuses_what_does_not_go_together_and_says_where() -> None:
    refused = given(REGISTERED, FIRST).when(AddSchemaVersion(id=SCHEMA, schema=NARROWER))
    refused.refused(SchemaIncompatible, field="schema")


def test_takes_anything_where_nothing_is_to_go_together() -> None:
    loose = EventSchema.CompatibilitySet(
        event_type="order.created", compatibility=CompatibilityMode.NONE, policy=CompatibilityPolicy.STRICT
    )
    history = given(REGISTERED, FIRST, loose)
    history.when(AddSchemaVersion(id=SCHEMA, schema=NARROWER)).then(_version(2, NARROWER))


def test_refuses_a_schema_that_cannot_be_used() -> None:
    unsafe = {"$ref": "file:///etc/passwd"}
    given().when(RegisterSchema(id=SCHEMA, event_type="a.b", schema=unsafe)).refused(Invalid, field="schema")


def test_refuses_more_versions_than_there_may_be() -> None:
    many = [_version(number, {**ORDER, "title": str(number)}) for number in range(1, MOST_VERSIONS + 1)]
    history = given(REGISTERED, *many)
    history.when(AddSchemaVersion(id=SCHEMA, schema=ORDER)).refused(TooManySchemaVersions, field="schema")


def test_sets_what_may_follow() -> None:
    command = SetCompatibility(id=SCHEMA, compatibility=CompatibilityMode.FULL)
    changed = EventSchema.CompatibilitySet(
        event_type="order.created", compatibility=CompatibilityMode.FULL, policy=CompatibilityPolicy.STRICT
    )
    given(REGISTERED, FIRST).when(command).then(changed)
    given(REGISTERED, FIRST, changed).when(command).then()


def test_deprecates_a_version_once() -> None:
    command = DeprecateSchemaVersion(id=SCHEMA, number=1)
    deprecated = EventSchema.VersionDeprecated(
        event_type="order.created", version_id=uuid5(SCHEMA, "1"), number=1
    )
    given(REGISTERED, FIRST).when(command).then(deprecated)
    given(REGISTERED, FIRST, deprecated).when(command).refused(SchemaVersionDeprecated, field="number")
    unknown = DeprecateSchemaVersion(id=SCHEMA, number=2)
    given(REGISTERED, FIRST).when(unknown).refused(SchemaVersionUnknown, field="number")


def test_sets_aliases_but_not_the_name_itself() -> None:
    aliases = ("OrderCreated", "order.placed", "OrderCreated")
    named = EventSchema.AliasesSet(event_type="order.created", other_names=aliases[:2])
    given(REGISTERED, FIRST).when(SetEventAliases(id=SCHEMA, other_names=aliases)).then(named)
    own = SetEventAliases(id=SCHEMA, other_names=("order.created",))
    given(REGISTERED, FIRST).when(own).refused(AlreadyTaken, field="other_names")


@pytest.mark.parametrize(
    ("event_type", "found"),
    [
        ("user.registered", EventCategory.USER),
        ("order.created", EventCategory.BUSINESS),
        ("system.health.check", EventCategory.SYSTEM),
        ("integration.webhook.received", EventCategory.INTEGRATION),
        ("ml.model.inference", EventCategory.ML),
        ("users.all", EventCategory.BUSINESS),
    ],
)
def test_the_category_is_that_of_the_first_word(event_type: str, found: EventCategory) -> None:
    assert category(event_type) is found


def _input(schema: dict[str, Any], event_type: str = "order.created", **more: Any) -> dict[str, Any]:
    return {"eventType": event_type, "schema": schema, **more}


async def test_a_schema_is_registered_followed_and_read(client: Client) -> None:
    first = await client.send("RegisterSchema", input=_input(ORDER))
    assert first["eventSchema"]["latestVersion"] == 1
    second = await client.send("RegisterSchema", input=_input(WIDER))
    assert second["eventSchema"] == {
        **first["eventSchema"],
        "latestVersion": 2,
        "updatedAt": second["eventSchema"]["updatedAt"],
        "version": second["eventSchema"]["version"],
    }
    again = await client.send("RegisterSchema", input=_input(ORDER))
    assert again["eventSchema"]["latestVersion"] == 2
    after = again["position"]
    shown = await client.send("SchemaOfType", eventType="order.created", version=1, afterPosition=after)
    assert (shown["number"], shown["schema"]) == (1, ORDER)
    newest = await client.send("SchemaOfType", eventType="order.created", afterPosition=after)
    assert (newest["number"], newest["schema"]) == (2, WIDER)
    whole = await client.send("EventSchema", id=first["eventSchema"]["id"], afterPosition=after)
    assert [version["number"] for version in whole["versions"]["nodes"]] == [2, 1]
    listed = await client.send("EventSchemas", filter={"category": {"in": ["BUSINESS"]}}, afterPosition=after)
    assert [node["eventType"] for node in listed["nodes"]] == ["order.created"]


async def test_a_command_sent_again_is_carried_out_once(client: Client) -> None:
    ids = [str(uuid4()), str(uuid4())]
    for id, schema in zip(ids, [ORDER, WIDER], strict=True):
        await client.send("RegisterSchema", input=_input(schema), commandId=id)
    for id, schema in zip(ids, [ORDER, WIDER], strict=True):
        again = await client.send("RegisterSchema", input=_input(schema), commandId=id)
        assert (again["repeated"], again["eventSchema"]["latestVersion"]) == (True, 2)


async def test_what_does_not_go_together_is_refused_as_it_was_foretold(client: Client) -> None:
    await client.send("RegisterSchema", input=_input(ORDER))
    told = await client.send("CheckSchema", eventType="order.created", schema=NARROWER)
    place = {"version": 1, "backward": True, "path": "/payload/total", "rule": "required", "decided": True}
    assert told["incompatibilities"] == [
        {**place, "reason": "Version 1 lets this property be left out, and the new schema needs it."}
    ]
    assert (told["accepted"], told["version"], told["refusal"]) == (False, None, None)
    refused = await client.send("RegisterSchema", input=_input(NARROWER))
    assert (refused["code"], refused["field"]) == ("schema_incompatible", "schema")
    assert refused["message"] == (
        "This schema does not go together with version 1. At /payload/total: Version 1 lets this property be "
        "left out, and the new schema needs it."
    )
    loose = await client.send("CheckSchema", eventType="order.created", schema=NARROWER, compatibility="NONE")
    assert (loose["accepted"], loose["version"]) == (True, 2)
    assert (await client.send("CheckSchema", eventType="order.created", schema=ORDER))["alreadyRegistered"]


async def test_a_schema_of_the_payload_alone_is_refused(client: Client) -> None:
    """Its events would all be rejected, or none."""
    refused = await client.send("RegisterSchema", input=_input(_ORDER))
    assert [each["path"] for each in refused["violations"]] == [
        ["schema", "properties", "orderId"],
        ["schema", "properties", "total"],
        ["schema", "required", "0"],
    ]
    told = await client.send("CheckSchema", eventType="order.created", schema=_ORDER)
    assert told["refusal"]["message"] == refused["message"]
    assert refused["message"].startswith("OrderId of properties of schema is neither payload nor metadata, ")
    # What was registered before that was refused stays what it is.
    given(REGISTERED, _version(1, _ORDER)).when(AddSchemaVersion(id=SCHEMA, schema=_ORDER)).then()


async def test_a_schema_that_cannot_be_used_is_refused_with_the_place(client: Client) -> None:
    unsafe = {"properties": {"a": {"$ref": "http://127.0.0.1:1/a.json"}}}
    refused = await client.send("RegisterSchema", input=_input(unsafe))
    assert refused["violations"][0]["path"] == ["schema", "properties", "a", "$ref"]
    assert refused["message"].startswith("Schema.properties.a.$ref ")
    told = await client.send("CheckSchema", eventType="order.created", schema=unsafe)
    assert told["refusal"]["violations"] == refused["violations"]
    strange: list[object] = [3, [], "a", True]
    for nothing in strange:
        told = await client.send("CheckSchema", eventType="a.b", schema=nothing)
        assert told["refusal"]["violations"][0]["path"] == ["schema"]


async def test_a_type_is_found_by_its_aliases_which_no_other_has(client: Client) -> None:
    created = await client.send("RegisterSchema", input=_input(ORDER))
    id = created["eventSchema"]["id"]
    named = await client.send(
        "SetEventAliases", input={"id": id, "otherNames": ["OrderCreated", "order.placed"]}
    )
    after = named["position"]
    found = await client.send("SchemaOfType", eventType="OrderCreated", afterPosition=after)
    assert found["eventType"] == "order.created"
    taken = await client.send("RegisterSchema", input=_input(ORDER, "order.placed"))
    assert taken["code"] == "already_taken"
    other = await client.send("RegisterSchema", input=_input(ORDER, "order.paid"))
    taken = await client.send(
        "SetEventAliases", input={"id": other["eventSchema"]["id"], "otherNames": ["OrderCreated"]}
    )
    assert taken["code"] == "already_taken"


async def test_a_version_is_deprecated_and_can_still_be_read(client: Client) -> None:
    created = await client.send("RegisterSchema", input=_input(ORDER))
    id = created["eventSchema"]["id"]
    shown = await client.send("DeprecateSchemaVersion", input={"id": id, "number": 1})
    assert shown["eventSchema"]["versions"]["nodes"][0]["deprecatedAt"] is not None
    read = await client.send("SchemaOfType", eventType="order.created", afterPosition=shown["position"])
    assert read["number"] == 1


async def test_members_read_schemas_and_do_not_change_them(product: Product, client: Client) -> None:
    await client.send("RegisterSchema", input=_input(ORDER))
    member = product.client(client.tenant, uuid4(), role="member")
    assert (await member.send("SchemaOfType", eventType="order.created"))["number"] == 1
    code, message = await member.error("RegisterSchema", input=_input(WIDER))
    assert (code, "gateway:schemas" in message) == ("FORBIDDEN", True)


async def test_another_tenant_has_types_of_its_own(product: Product, client: Client) -> None:
    await client.send("RegisterSchema", input=_input(ORDER))
    other = product.client(uuid4(), uuid4())
    assert await other.send("SchemaOfType", eventType="order.created") is None
    assert (await other.send("RegisterSchema", input=_input(NARROWER)))["eventSchema"]["latestVersion"] == 1
