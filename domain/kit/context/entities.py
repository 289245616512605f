"""What a context declares of the things that the entity index holds: how a key addresses them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_type_hints

from domain.kit.aggregate import Aggregate
from domain.kit.events import Event
from domain.kit.fields import Confidential, Personal, Restricted, marks

ENTITY_TYPE = "[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"
"""The pattern of an entity's type, as a key names it."""
LONGEST_TYPE = 50


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A kind of thing that the entity index holds.

    ``Entity(kind="CAMPAIGN", aggregate=Campaign, starts="draft", needs="campaigns:read", data=("name",))`` is all
    that a context declares. An event with a field ``status`` sets the status; others do by their stored name, see
    `projections.tenancy.entity_index.LIFECYCLE`, or as ``statuses`` says. ``data`` names the fields of events
    whose last values are kept.

    Raises TypeError for a field of those that is personal or confidential, because the table is plain and one
    permission opens all of a kind; ValueError for a kind that no key can name.
    """

    kind: str
    aggregate: type[Aggregate]
    starts: str = "active"
    needs: str
    """The permission to find entities of this kind here."""
    data: tuple[str, ...] = ()
    statuses: Mapping[type[Event], str] = field(default_factory=dict)
    """The status after these events of the aggregate."""

    def __post_init__(self) -> None:
        if not re.fullmatch(ENTITY_TYPE, self.kind) or len(self.kind) > LONGEST_TYPE:
            raise ValueError(f"{self.kind!r} is not the type of an entity.")
        for event in self.aggregate.events:
            hints = get_type_hints(event, include_extras=True)
            for name in set(self.data) & hints.keys():
                if any(isinstance(mark, Personal | Confidential | Restricted) for mark in marks(hints[name])):
                    raise TypeError(f"{event.__qualname__}.{name} may not stand in the entity index.")
