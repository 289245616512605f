"""Events and the codec: frozen facts, their stored names, and payloads of every version they had."""

import dataclasses
import types
from typing import Any, ClassVar
from uuid import UUID

import pytest

from domain.identity.users import User
from domain.kit.aggregate import Aggregate
from domain.kit.codec import PlainCodec
from domain.kit.events import Event, event_class, snake
from tests.domain.envelopes import NOON, STREAM, envelope
from tests.domain.toys import Account


class Letter(Aggregate, topic="toys.letter"):
    """A letter whose event had three shapes."""

    class Sent(Event):
        class_version: ClassVar[int] = 3

        to: str
        street: str
        urgent: bool = False

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Version 1 had one field for the whole address."""
            state["to"], state["street"] = state.pop("address").split(", ")

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """Version 2 spelt urgency as a colour."""
            state["urgent"] = state.pop("colour", "white") == "red"

    class Burnt(Event):
        stored_as: ClassVar[str] = "toys.letter.destroyed"
        aliases = ("letter.burnt", "letter.gone")


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (1, b'{"address": "Anna, Mill Lane"}'),
        (2, b'{"to": "Anna", "street": "Mill Lane"}'),
        (3, b'{"to": "Anna", "street": "Mill Lane"}'),
        (3, '{"to": "Anna", "street": "Mill Lane", "urgent": false}'),
        (3, b'{"to": "Anna", "street": "Mill Lane", "from a newer program": 1}'),
    ],
)
def test_reads_a_payload_of_every_version(version: int, payload: bytes | str) -> None:
    read = PlainCodec().decode(envelope("toys.letter.sent", payload, version=version))
    assert read == Letter.Sent(to="Anna", street="Mill Lane")


def test_every_upcast_on_the_way_is_taken() -> None:
    payload = b'{"address": "Anna, Mill Lane", "colour": "red"}'
    read = PlainCodec().decode(envelope("toys.letter.sent", payload, version=1))
    assert read == Letter.Sent(to="Anna", street="Mill Lane", urgent=True)


def test_a_read_event_stands_where_its_envelope_stood() -> None:
    [read] = PlainCodec().decode_all([envelope("toys.account.paid", b'{"amount": 3}', originator_version=7)])
    assert (read.originator_id, read.originator_version, read.timestamp) == (STREAM, 7, NOON)


def test_says_that_a_version_is_newer_than_the_code() -> None:
    with pytest.raises(
        ValueError, match=r"Position 5 holds toys\.letter\.sent version 4; this code knows up to"
    ):
        PlainCodec().decode(envelope("toys.letter.sent", version=4, position=5))


def test_says_that_a_type_is_unknown() -> None:
    with pytest.raises(LookupError, match=r"No event is stored as 'toys\.letter\.eaten'"):
        PlainCodec().decode(envelope("toys.letter.eaten"))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b'{"amount": "three"}', b'{"amount": 3', b"{}", b'{"amount": null}']
)
def test_a_payload_of_another_shape_is_an_error(payload: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # The decoder says what it misses.
        PlainCodec().decode(envelope("toys.account.paid", payload))


def test_the_payload_is_the_fields_alone() -> None:
    stamped = Account.Paid(amount=3).stamped(STREAM, 2, NOON)
    assert PlainCodec().encode(stamped, tenant_id=UUID(int=1)) == b'{"amount":3}'


def test_is_frozen() -> None:
    event = Account.Paid(amount=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.amount = 4  # type: ignore[misc]


def test_is_made_by_keyword_alone() -> None:
    with pytest.raises(TypeError):
        Account.Paid(3)  # type: ignore[call-arg]


def test_equal_facts_are_equal_wherever_they_stand() -> None:
    assert Account.Paid(amount=3).stamped(STREAM, 2, NOON) == Account.Paid(amount=3)
    assert Account.Paid(amount=3) != Account.Paid(amount=4)
    withdrawn: Event = Account.Withdrawn(amount=3)
    assert withdrawn != Account.Paid(amount=3)


def test_stamping_leaves_the_original_alone() -> None:
    event = Account.Paid(amount=3)
    event.stamped(STREAM, 2, NOON)
    assert "originator_id" not in vars(event)


def test_is_stored_under_topic_and_name() -> None:
    assert event_class("toys.account.withdrawn") is Account.Withdrawn


def test_may_choose_its_stored_name() -> None:
    assert event_class("toys.letter.destroyed") is Letter.Burnt


@pytest.mark.parametrize(
    ("name", "stored"), [("Created", "created"), ("DueDateSet", "due_date_set"), ("V2Sent", "v2_sent")]
)
def test_stored_names_are_in_snake_case(name: str, stored: str) -> None:
    assert snake(name) == stored


def test_two_classes_for_one_stored_name_are_refused() -> None:
    with pytest.raises(TypeError, match=r"Two event classes are stored as 'toys\.letter\.sent'"):

        class Other(Aggregate, topic="toys.other"):
            class Sent(Event):
                stored_as: ClassVar[str] = "toys.letter.sent"


def test_a_version_without_its_upcast_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Sent has class_version 3 but no upcast_v2_v3"):

        class Parcel(Aggregate, topic="toys.parcel"):
            class Sent(Event):
                class_version: ClassVar[int] = 3

                @staticmethod
                def upcast_v1_v2(state: dict[str, Any]) -> None: ...


@pytest.mark.parametrize("name", ["originator_id", "originator_version", "timestamp"])
def test_a_field_that_stamping_would_overwrite_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"may not have a field '{name}'"):
        types.new_class("Bad", (Event,), exec_body=lambda body: body.update(__annotations__={name: int}))


def test_an_event_is_found_by_each_of_its_names() -> None:
    for name in ("toys.letter.destroyed", "letter.burnt", "letter.gone"):
        assert event_class(name) is Letter.Burnt


@pytest.mark.parametrize(
    ("topic", "alias"), [("toys.third", "toys.letter.sent"), ("toys.fourth", "letter.gone")]
)
def test_two_classes_for_one_alias_are_refused(topic: str, alias: str) -> None:
    with pytest.raises(TypeError, match="known as"):

        class Other(Aggregate, topic=topic):
            class Lost(Event):
                aliases = (alias,)


def test_who_registers_is_known_by_the_names_of_others() -> None:
    assert event_class("user.registered") is event_class("user.created") is User.Registered
