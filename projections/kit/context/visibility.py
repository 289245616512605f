"""What a context declares of who may see its rows."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.caller import Caller
from domain.kit.events import Event
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.read.live_generations import Serving
from projections.kit.read.row_visibility import Sight
from projections.kit.store.generations import ReaderPool

Moment = tuple[UUID, int]
"""A thing, by its id, and the position of one of its events."""


class Rule(Protocol):
    """Who may see what."""

    def of(self, caller: Caller, /) -> Sight:
        """What the caller may see, as conditions on what is read."""
        ...

    async def among(self, caller: Caller, ids: Collection[UUID], /) -> frozenset[UUID]:
        """Those of the ids, as they stand in the columns of a `Sight`, that the caller may see now."""
        ...

    async def untold(
        self, caller: Caller, moments: Collection[Moment], /, *, moves: bool = True
    ) -> frozenset[Moment]:
        """Those of the moments of things at which these were about what the caller may not see.

        The events by which a thing came to be about it, and ceased to be, are of that time, but without ``moves``.
        """
        ...

    async def hidden(self, caller: Caller, /) -> frozenset[UUID] | None:
        """The ids that the caller may not see now; None while that is uncertain."""
        ...

    async def changed(self, caller: Caller, view: type[View[Any]], hidden: Collection[UUID], /) -> int:
        """The position of the last change of a view's rows about these ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What the rows of a view are about that tell what happened to things of any kind, as SQL on their columns."""

    id: str
    """The thing's id."""
    kind: str
    """Its kind: the last part of its topic, as ``task``."""
    about_many: str
    """A condition for the rows that are not about one thing alone, which only who sees all work may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What of all contexts a rule has to know."""

    members: type[PostgresView[Any]]
    """Has a row for each member of the tenant, with ``since`` which position they are one."""
    about: Mapping[type[View[Any]], str] = field(default_factory=dict)
    """Views whose rows are about projects, each with the column that says about which."""
    moments: Mapping[type[PostgresView[Any]], Moments] = field(default_factory=dict)
    """Views whose rows tell what happened to things of any kind; each stands at its event's position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where the things of one kind are shown, so that they are found by their id alone."""

    aggregate: type[Aggregate]
    view: type[PostgresView[Any]]
    needs: str
    """The permission that it takes to see them."""


@dataclass(frozen=True, kw_only=True)
class ContextVisibility:
    """A context's part in what a caller may see."""

    shown: tuple[Shown, ...] = ()
    about: Mapping[type[View[Any]], str] = field(default_factory=dict)
    """See `Guarded`."""
    moments: Mapping[type[PostgresView[Any]], Moments] = field(default_factory=dict)
    """See `Guarded`."""
    messages: tuple[type[Aggregate], ...] = ()
    """What tells one person about things that others may not see: who does not see everything reads no history of
    these."""
    rule: Callable[[ReaderPool, Serving, Guarded], Rule] | None = None
    """Says who may see what; one context has it."""
    sees_all: str | None = None
    """The permission of those from whom the rule hides nothing; the context of the rule says so."""
    changes: tuple[type[Event], ...] = ()
    """Events after which somebody may see more or less."""
    members: type[PostgresView[Any]] | None = None
    """As in `Guarded`; one context has it."""
