"""Whether a new version of a schema may follow the earlier ones, and where it may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.gateway.schemas.containment import MOST_COMPARED, Containment
from domain.gateway.schemas.differences import SchemaDifference
from domain.gateway.schemas.keywords import Json

MOST_TOLD = 100
"""How many incompatibilities are told at once."""


class CompatibilityMode(StrEnum):
    """Who must be able to read what, between a new version of a schema and those before it."""

    NONE = "none"
    """Anything may follow."""
    BACKWARD = "backward"
    """The new version takes every document of the last one."""
    BACKWARD_TRANSITIVE = "backward_transitive"
    """The new version takes every document of every earlier one."""
    FORWARD = "forward"
    """The last version takes every document of the new one."""
    FORWARD_TRANSITIVE = "forward_transitive"
    """Every earlier version takes every document of the new one."""
    FULL = "full"
    """Both, with the last version."""
    FULL_TRANSITIVE = "full_transitive"
    """Both, with every earlier version."""

    @property
    def transitive(self) -> bool:
        """Whether all earlier versions count, and not the last one alone."""
        return self.value.endswith("_transitive")

    @property
    def directions(self) -> tuple[bool, ...]:
        """Which way it looks: True is backward, documents of the old read by the new; False is forward."""
        way = self.value.removesuffix("_transitive")
        return {"none": (), "backward": (True,), "forward": (False,), "full": (True, False)}[way]


class CompatibilityPolicy(StrEnum):
    """What is taken of properties that a schema does not name."""

    STRICT = "strict"
    """Documents count as they are: an open schema lets every other property hold anything, and no default is
    filled in. What passes is so for every document, so it is wrong never, and refuses more."""
    LENIENT = "lenient"
    """Those who write send what their schema names alone, and those who read pass over what theirs does not name,
    and fill in defaults."""


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One place at which a new schema and an earlier version do not go together."""

    version: int
    """The earlier version."""
    backward: bool
    """Whether it is the new schema that does not take documents of the earlier version, and not the other way."""
    difference: SchemaDifference


def incompatibilities(
    new: dict[str, Json],
    earlier: Sequence[tuple[int, dict[str, Json]]],
    mode: CompatibilityMode,
    policy: CompatibilityPolicy,
) -> list[Incompatibility]:
    """Where a schema does not go together with earlier versions, given oldest first; none when it may follow.

    What cannot be decided is told like what does not go together, with ``decided`` False. Schemas must be usable.
    """
    found: list[Incompatibility] = []
    left = MOST_COMPARED
    lenient = policy is CompatibilityPolicy.LENIENT
    for version, schema in reversed(earlier if mode.transitive else earlier[-1:]):
        known = f"version {version}"
        for backward in mode.directions:
            there, here = (schema, new) if backward else (new, schema)
            names = (known, "the new schema") if backward else ("the new schema", known)
            containment = Containment(there, here, names=names, lenient=lenient, left=left)
            for difference in containment.differences():
                found.append(Incompatibility(version, backward, difference))
                if len(found) == MOST_TOLD:
                    return found
            left = containment.left
    return found
