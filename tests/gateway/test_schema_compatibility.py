"""Which schema may follow which: the table that registries are held to, and each mode."""

from typing import Any, Literal

import pytest

from domain.gateway.schemas.compatibility import CompatibilityMode, CompatibilityPolicy, incompatibilities
from tests.gateway.versions import FORWARD, LENIENT, STRICT, between

Model = Literal["open", "closed", "partly"]


def _object(model: Model, *, added: Literal["", "required", "default", "optional"] = "") -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    if model != "open":
        schema["additionalProperties"] = False if model == "closed" else {"type": "string"}
    if added:
        schema["properties"]["b"] = {"type": "string"}
        if added == "default":
            schema["properties"]["b"]["default"] = "x"
        if added != "optional":
            schema["required"] = ["a", "b"]
    return schema


# The 24 combinations of schema-registry#4292, for BACKWARD. It supposes that readers fill in defaults under either
# policy; here the strict one takes documents as they are, which is the one answer that differs.
TABLE: list[tuple[CompatibilityPolicy, Model, str, Any, bool]] = [
    (STRICT, "open", "add", "required", False),
    (STRICT, "open", "add", "default", False),
    (STRICT, "open", "add", "optional", False),
    (STRICT, "open", "remove", "required", True),
    (STRICT, "open", "remove", "default", True),
    (STRICT, "open", "remove", "optional", True),
    (STRICT, "closed", "add", "required", False),
    (STRICT, "closed", "add", "default", False),
    (STRICT, "closed", "add", "optional", True),
    (STRICT, "closed", "remove", "required", False),
    (STRICT, "closed", "remove", "default", False),
    (STRICT, "closed", "remove", "optional", False),
    (LENIENT, "open", "add", "required", False),
    (LENIENT, "open", "add", "default", True),
    (LENIENT, "open", "add", "optional", True),
    (LENIENT, "open", "remove", "required", True),
    (LENIENT, "open", "remove", "default", True),
    (LENIENT, "open", "remove", "optional", True),
    (LENIENT, "closed", "add", "required", False),
    (LENIENT, "closed", "add", "default", True),
    (LENIENT, "closed", "add", "optional", True),
    (LENIENT, "closed", "remove", "required", True),
    (LENIENT, "closed", "remove", "default", True),
    (LENIENT, "closed", "remove", "optional", True),
    # Partly open: what is added or removed is what other properties may be anyway.
    (STRICT, "partly", "add", "required", False),
    (STRICT, "partly", "add", "default", False),
    (STRICT, "partly", "add", "optional", True),
    (STRICT, "partly", "remove", "required", True),
    (STRICT, "partly", "remove", "default", True),
    (STRICT, "partly", "remove", "optional", True),
    (LENIENT, "partly", "add", "required", False),
    (LENIENT, "partly", "add", "default", True),
    (LENIENT, "partly", "add", "optional", True),
    (LENIENT, "partly", "remove", "required", True),
    (LENIENT, "partly", "remove", "default", True),
    (LENIENT, "partly", "remove", "optional", True),
]


@pytest.mark.parametrize(("policy", "model", "change", "how", "compatible"), TABLE)
def test_properties_come_and_go(
    policy: CompatibilityPolicy, model: Model, change: str, how: Any, compatible: bool
) -> None:
    small, large = _object(model), _object(model, added=how)
    old, new = (small, large) if change == "add" else (large, small)
    found = between(old, new, policy=policy)
    assert (not found) is compatible
    assert {each.difference.path for each in found} <= {"/b"}
    assert all(each.difference.decided and each.backward for each in found)
    # Forward is backward with the two exchanged.
    assert (not between(new, old, FORWARD, policy)) is compatible


def test_adding_an_optional_property_to_an_open_schema_says_why_it_is_refused() -> None:
    [found] = between(_object("open"), _object("open", added="optional"))
    assert found.difference.reason == (
        "Version 1 is open here: its documents may hold this property with other values than the new schema takes."
        " The lenient policy supposes that nobody sends what is not named."
    )


OLD, OLDER = {"type": "integer"}, {"type": ["integer", "string"]}
WIDE: dict[str, Any] = {"type": ["integer", "string", "null"]}


@pytest.mark.parametrize(
    ("mode", "new", "refused_by"),
    [
        (CompatibilityMode.NONE, {"type": "array"}, []),
        (CompatibilityMode.BACKWARD, {"type": "number"}, []),
        (CompatibilityMode.BACKWARD, {"type": "string"}, [(2, True)]),
        (CompatibilityMode.BACKWARD_TRANSITIVE, {"type": "number"}, [(1, True)]),
        (CompatibilityMode.BACKWARD_TRANSITIVE, WIDE, []),
        (CompatibilityMode.FORWARD, {"type": "integer", "minimum": 3}, []),
        (CompatibilityMode.FORWARD, OLDER, [(2, False)]),
        (CompatibilityMode.FORWARD_TRANSITIVE, {"const": 3}, []),
        (CompatibilityMode.FORWARD_TRANSITIVE, WIDE, [(2, False), (1, False)]),
        (CompatibilityMode.FULL, {"type": "integer", "title": "Amount"}, []),
        (CompatibilityMode.FULL, {"type": "number"}, [(2, False)]),
        (CompatibilityMode.FULL, {"type": "string"}, [(2, True), (2, False)]),
        (CompatibilityMode.FULL_TRANSITIVE, {"type": "integer"}, [(1, True)]),
    ],
)
def test_each_mode_looks_its_own_way(
    mode: CompatibilityMode, new: dict[str, Any], refused_by: list[tuple[int, bool]]
) -> None:
    found = incompatibilities(new, [(1, OLDER), (2, OLD)], mode, STRICT)
    assert [(each.version, each.backward) for each in found] == refused_by
