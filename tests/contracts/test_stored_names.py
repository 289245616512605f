"""Stored names are contracts: moving code must not change them, and old payloads stay readable."""

import copy
import json
from typing import Any

import pytest

from domain.kit.codec import PlainCodec
from tests.contracts.examples import example
from tests.contracts.lock import HOW, breaches, locked, payloads
from tests.contracts.stored import Names, product_events, stored_names
from tests.domain.envelopes import envelope

EVENTS = product_events()
STORED = [
    (name, int(version), payload)
    for name, versions in payloads().items()
    for version, payload in versions.items()
]


@pytest.mark.parametrize(
    "kind", ["events", "aggregates", "reservations", "commands", "effects", "refusals", "views"]
)
def test_stored_names_are_as_locked(kind: str) -> None:
    assert stored_names()[kind] == locked()[kind], HOW


def test_nothing_that_is_stored_is_broken() -> None:
    assert breaches(locked(), stored_names()) == []


@pytest.mark.parametrize("name", EVENTS)
def test_a_payload_is_kept_of_every_version(name: str) -> None:
    versions = {str(version) for version in range(1, EVENTS[name].class_version + 1)}
    assert set(payloads().get(name, {})) == versions, HOW


@pytest.mark.parametrize(("name", "version", "payload"), STORED)
def test_a_payload_once_stored_stays_readable(name: str, version: int, payload: Any) -> None:
    read = PlainCodec().decode(envelope(name, json.dumps(payload), version=version))
    assert type(read) is EVENTS[name]


@pytest.mark.parametrize("name", EVENTS)
def test_events_are_stored_as_they_were(name: str) -> None:
    kept = payloads().get(name, {}).get(str(EVENTS[name].class_version))
    assert kept is not None, HOW
    read = PlainCodec().decode(envelope(name, json.dumps(kept), version=EVENTS[name].class_version))
    now = json.loads(PlainCodec().encode(read, tenant_id=envelope(name).tenant_id))
    # What has since been added as optional is not in what was kept.
    assert {field: now[field] for field in kept} == kept


@pytest.mark.parametrize("name", EVENTS)
def test_events_come_back_as_they_were_recorded(name: str) -> None:
    codec, event = PlainCodec(), example(EVENTS[name])
    stored = codec.encode(event, tenant_id=envelope(name).tenant_id)
    assert codec.decode(envelope(name, stored, version=event.class_version)) == event


def changed(kind: str, name: str, **changes: Any) -> list[str]:
    """What the lock says of the product's names with this one changed."""
    after = copy.deepcopy(locked())
    after[kind][name] = {**after[kind][name], **changes}
    return breaches(locked(), after)


def fields(kind: str, name: str, **changes: str | None) -> Names:
    merged = locked()[kind][name]["fields"] | changes
    return {field: shape for field, shape in merged.items() if shape is not None}


def test_a_removed_event_is_a_breach() -> None:
    after = locked()
    del after["events"]["work.task.created"]
    assert breaches(locked(), after) == ["events: work.task.created is gone, but is stored."]


def test_a_removed_view_is_none() -> None:
    after = locked()
    del after["views"]["tasks.tasks"]
    assert breaches(locked(), after) == []


def test_an_event_may_gain_an_optional_field() -> None:
    more = fields("events", "work.task.renamed", reason="str, optional")
    assert changed("events", "work.task.renamed", fields=more) == []


def test_an_enum_of_an_event_may_gain_a_value() -> None:
    more = fields("events", "work.project.visibility_changed", visibility="public/private/secret, public")
    assert changed("events", "work.project.visibility_changed", fields=more) == []


def test_a_part_of_an_event_may_gain_an_optional_field() -> None:
    name = "gateway.event.payment_told"
    known, end, marks = locked()["events"][name]["fields"]["payment"].rpartition(")")
    more = f"{known}, fee: Decimal, internal, optional, kind: a/b | None, optional{end}{marks}"
    assert changed("events", name, fields=fields("events", name, payment=more)) == []
    for added in (", fee: Decimal", ", fee: Decimal, fine: str, optional", ", fee: int, optional, fine: str"):
        other = fields("events", name, payment=f"{known}{added}{end}{marks}")
        assert "raise its version" in changed("events", name, fields=other)[0], added


@pytest.mark.parametrize("change", [{"reason": "str"}, {"title": None}, {"title": "int"}], ids=str)
def test_an_event_of_another_shape_needs_another_version(change: dict[str, str | None]) -> None:
    other = fields("events", "work.task.renamed", **change)
    assert "raise its version" in changed("events", "work.task.renamed", fields=other)[0]
    assert changed("events", "work.task.renamed", fields=other, version=2) == []


def test_a_view_of_another_shape_needs_another_version() -> None:
    more = fields("views", "tasks.tasks", reason="str, optional")
    assert "raise its version" in changed("views", "tasks.tasks", fields=more)[0]


def test_a_version_does_not_go_back() -> None:
    assert changed("views", "tasks.tasks", version=0) == ["views: tasks.tasks went back to version 0."]


def test_an_effect_may_be_pending() -> None:
    name, after = "identity.anonymising leave", locked()
    after["effects"][name] = {"person": "UUID", "soon": "bool"}
    assert breaches(locked(), after) == [f"effects: {name} has the new field soon, but may be pending."]
    after["effects"][name] = {"person": "UUID", "soon": "bool, optional"}
    assert breaches(locked(), after) == []
    del after["effects"][name]
    assert breaches(locked(), after) == [f"effects: {name} is gone, but may be pending."]


def test_what_is_unique_stays_reserved_under_its_name() -> None:
    name, after = "operations.tenant.slug", locked()
    del after["reservations"][name]
    assert breaches(locked(), after) == [f"reservations: {name} is gone, but values are reserved under it."]
    (otherwise,) = changed("reservations", name, everywhere=False)
    assert otherwise == f"reservations: {name} reserves otherwise, but values are reserved under it."
