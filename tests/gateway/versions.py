"""Two versions of a schema, and what is told of them."""

from typing import Any

from domain.gateway.schemas.compatibility import (
    CompatibilityMode,
    CompatibilityPolicy,
    Incompatibility,
    incompatibilities,
)
from domain.gateway.schemas.schema_rules import schema_violations

STRICT, LENIENT = CompatibilityPolicy
BACKWARD, FORWARD = CompatibilityMode.BACKWARD, CompatibilityMode.FORWARD


def between(
    old: dict[str, Any],
    new: dict[str, Any],
    mode: CompatibilityMode = BACKWARD,
    policy: CompatibilityPolicy = STRICT,
) -> list[Incompatibility]:
    for schema in (old, new):
        assert schema_violations(schema) == []
    return incompatibilities(new, [(1, old)], mode, policy)


def differing(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [
        (found.difference.path, found.difference.rule, found.difference.decided)
        for found in between(old, new)
    ]
