"""The AsyncAPI document: every type of event is in it, with a payload that real ones keep to."""

import dataclasses

import jsonschema_rs
import pytest

from app.catalogue.asyncapi import document, payload_schema
from app.catalogue.inventory import product_events
from domain.gateway.schemas.built_in import BUILT_IN
from domain.gateway.webhook_terms import camel, sent_value
from tests.contracts.examples import example

EVENTS = product_events()


def test_every_event_is_a_message_of_the_channel_of_its_context() -> None:
    made = document()
    assert made["components"]["messages"].keys() == {*EVENTS, *BUILT_IN}
    for name in EVENTS:
        channel = made["channels"][name.partition(".")[0]]
        assert channel["messages"][name] == {"$ref": f"#/components/messages/{name}"}
    assert made["channels"].keys() == made["operations"].keys()


@pytest.mark.parametrize("name", EVENTS)
def test_an_example_keeps_to_the_schema_of_its_payload(name: str) -> None:
    schema = payload_schema(EVENTS[name])
    event = example(EVENTS[name])
    sent = {camel(field.name): sent_value(getattr(event, field.name)) for field in dataclasses.fields(event)}
    jsonschema_rs.Draft202012Validator(schema).validate(sent)
    assert schema["properties"].keys() == sent.keys()
    assert all(field["x-classification"] for field in schema["properties"].values())
