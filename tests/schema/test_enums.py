"""Values from a closed list are enums, wherever the schema shows or takes one: clients switch over them."""

import re
from collections.abc import Iterator
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_input_object_type,
    is_object_type,
)

from api.kit.execution.access import COVERED
from api.kit.schema.node_types import enum, shows
from domain.gateway.webhooks import WebhookStop
from domain.kit.fields import Describe, value_texts
from domain.operations.rebuilds import RebuildKind
from domain.operations.tenants import PlacementState
from projections.kit.follow.parked_streams import ParkedStreamRequest
from projections.kit.model import Row
from projections.kit.rebuild.model import RebuildPhase
from projections.operations.effects import EffectStatus
from tests.schema.published import published

ROOT = Path(__file__).parents[2]
STORED = "Stored names of events and topics: the log keeps those that no version of the code has any more."
WORDS = {
    "Anomaly.eventType": "a type of outside events",
    "AnomalyWatch.eventType": "a type of outside events",
    "DefineAnomalyWatchInput.eventType": "a type of outside events",
    "DefineEventPatternInput.eventTypes": "a type of outside events",
    "EventPattern.eventTypes": "a type of outside events",
    "HistoryEvent.type": STORED,
    "LogEvent.type": STORED,
    "ParkedStream.eventType": STORED,
    "WebhookDelivery.eventType": STORED,
    **dict.fromkeys(
        (
            "ChangeDestinationInput.types",
            "ChangeWebhookInput.types",
            "RegisterDestinationInput.types",
            "RegisterWebhookInput.types",
            "Webhook.types",
        ),
        "Stored names of events, or what these begin with.",
    ),
    **dict.fromkeys(
        (
            "DeadLetter.eventType",
            "EventCount.eventType",
            "EventSchema.eventType",
            "OutsideEntity.eventType",
            "OutsideEntity.status",
            "OutsideEvent.eventType",
            "OutsideUserEvent.eventType",
            "ReplayDeadLettersInput.eventType",
            "ReplayJob.eventType",
            "StartReplayJobInput.eventType",
            "Query.checkSchema(eventType:)",
            "Query.outsideUserEvents(eventType:)",
            "Query.schemaOfType(eventType:)",
            "RegisterSchemaInput.eventType",
            "SchemaVersion.eventType",
            "Connector.eventType",
            "Connector.goneType",
            "RegisterConnectorInput.eventType",
            "RegisterConnectorInput.goneType",
            "RegisterToolConnectorInput.eventType",
            "RegisterToolConnectorInput.goneType",
        ),
        "What outside systems call what happened there.",
    ),
}
"""What is called like a choice and is none, with why."""

_CHECKED = re.compile(r"(\w+) text\s[^,;]*?check \(\1 in \((.*?)\)", re.DOTALL)
_LISTED = re.compile(r"`[a-z_ ]+`(?:, | or |, or )`[a-z_ ]+`")
_CHOICES = (
    "action",
    "kind",
    "level",
    "method",
    "mode",
    "outcome",
    "phase",
    "role",
    "state",
    "status",
    "store",
    "type",
)


def checked() -> dict[tuple[str, str], set[str]]:
    """The columns that Postgres lets hold a few texts alone, each by the file of its table."""
    files = sorted((ROOT / "migrations").rglob("*.sql"))
    found = {
        (f"{file.parent.name}/{file.name}", column): {*re.findall(r"'([a-z ]+)'", values)}
        for file in files
        for column, values in _CHECKED.findall(file.read_text())
    }
    assert len(found) > 5
    return found


def texts() -> Iterator[tuple[str, str, str]]:
    """Every field, argument and input field of type String: where it is, its name, and what is said of it."""
    for type in published().type_map.values():
        if type.name.startswith("__") or not (is_object_type(type) or is_input_object_type(type)):
            continue
        for name, field in type.fields.items():
            if is_text(get_named_type(field.type)):
                yield f"{type.name}.{name}", name, field.description or ""
            for argument, taken in getattr(field, "args", {}).items():
                if is_text(get_named_type(taken.type)):
                    yield f"{type.name}.{name}({argument}:)", argument, taken.description or ""


def is_text(type: GraphQLNamedType) -> bool:
    return type.name == "String"


def test_no_text_is_called_like_a_choice() -> None:
    names = {column for _, column in checked()} | {*_CHOICES}
    found = {
        where
        for where, name, _ in texts()
        if (last := re.split("(?=[A-Z])", name)[-1].lower()) in names or last.removesuffix("s") in names
    }
    assert found == WORDS.keys()


def test_no_description_of_a_text_lists_what_it_may_be() -> None:
    assert [(where, said) for where, name, said in texts() if name != "cursor" and _LISTED.search(said)] == []


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("processes/tables.sql", "status", EffectStatus),
        ("placement/tables.sql", "state", PlacementState),
        ("operations/rebuilds.sql", "phase", RebuildPhase),
        ("operations/rebuilds.sql", "asked", ParkedStreamRequest),
    ],
)
def test_an_enum_has_every_value_that_the_table_lets_in(table: str, column: str, values: type[Enum]) -> None:
    assert {member.value for member in values} == checked()[table, column]


def test_a_rebuild_is_of_a_kind_or_began_by_itself() -> None:
    text = (ROOT / "migrations/operations/rebuilds.sql").read_text()
    assert "kind in ('rebuild', 'reconcile', 'version')" in text
    assert {kind.value for kind in RebuildKind} == {"rebuild", "reconcile"}


class Colour(StrEnum):
    """A colour."""

    RED = "red"


class PaintRow(Row):
    """Paint."""

    colour: Annotated[str, Describe("Its colour.")]


def test_a_text_that_is_shown_as_an_enum_may_be_null() -> None:
    with pytest.raises(
        TypeError, match=r"Paint\.colour may hold a text that Colour lacks: say `Colour \| None`"
    ):

        @shows(PaintRow, needs=COVERED)
        class Paint:
            """Paint."""

            colour: Colour


def test_says_when_it_is_null() -> None:
    shown = published().type_map["Access"]
    assert isinstance(shown, GraphQLObjectType)
    assert str(shown.fields["kind"].type) == "AccessKind"
    assert (shown.fields["kind"].description or "").endswith(
        "Null for a value that this version does not know."
    )


def test_what_stands_below_a_value_is_told_of_it() -> None:
    stop = published().type_map["WebhookStop"]
    assert isinstance(stop, GraphQLEnumType)
    assert {name: value.description for name, value in stop.values.items()} == value_texts(WebhookStop)
    assert stop.values["GONE"].description == "Its address answered 410."


class Lamp:
    """A lamp."""

    class State(Enum):
        """How it stands."""

        LIT = "lit"
        """It burns."""

    class Broken(Enum):
        """How it broke."""

        LAST = "last"
        """The last one."""
        _ignore_ = "GLOW"
        GLOW = "glow"
        """It glows."""


def test_enums_within_classes_are_told_what_stands_below_their_values() -> None:
    assert value_texts(Lamp.State) == {"LIT": "It burns."}
    with pytest.raises(TypeError, match="Broken has no value 'GLOW'"):
        enum(Lamp.Broken)
