"""What one caller may see of the rows of their tenant, while one operation runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.refusals import NotFound
from domain.kit.wiring.needs import Need, id_of, noun
from projections.kit.context.visibility import Moment, Rule
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.declare.view import View
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.row_visibility import EVERYTHING, Happened, Sight

E = TypeVar("E", bound=Happened)


@dataclass(frozen=True, kw_only=True)
class VisibilityRules:
    """How it is found out what a caller may see."""

    rule: Rule | None = None
    """None: everybody sees everything."""
    shown_in: Mapping[str, type[PostgresView[Any]]] = field(default_factory=dict)
    """Where the things of each topic are shown."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """The permission that it takes to see things of a topic."""
    messages: frozenset[str] = frozenset()
    """Topics of what tells one person about things that others may not see: who does not see everything reads no
    history of these."""
    changes: frozenset[str] = frozenset()
    """The stored names of the events after which somebody may see more or less."""


class RowVisibility:
    """What one caller may see. Rows are hidden as of the moment at which they are read, or a later one."""

    def __init__(self, sights: VisibilityRules, rows: PostgresRows, caller: Caller) -> None:
        self._sights, self._rows, self._caller = sights, rows, caller

    @property
    def sight(self) -> Sight:
        """The conditions on what is read from Postgres: they name tables, which a rebuild replaces."""
        return EVERYTHING if self._sights.rule is None else self._sights.rule.of(self._caller)

    async def visible(self, view: type[View[Any]], rows: Sequence[R | None]) -> list[R | None]:
        """Rows that were read from elsewhere a moment ago, None in place of those that are hidden."""
        if self._sights.rule is None or not self.sight.narrows(view):
            return list(rows)
        # What happened to things is only ever read together with the rule.
        column = self.sight.columns[view]
        about = {id for row in rows if row is not None and (id := getattr(row, column)) is not None}
        seen = await self.among(about)
        return [row if row is None or getattr(row, column) in seen | {None} else None for row in rows]

    async def among(self, ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the ids, as they stand in the columns of the sight, that the caller may see now."""
        if self._sights.rule is None or not ids:
            return frozenset(ids)
        return await self._sights.rule.among(self._caller, ids)

    async def hidden(self, view: type[View[Any]]) -> frozenset[UUID] | None:
        """What rows of a view that is searched elsewhere must not be about; None while that is uncertain."""
        if self._sights.rule is None or not self.sight.narrows(view):
            return frozenset()
        return await self._sights.rule.hidden(self._caller)

    async def changed(self, view: type[View[Any]], hidden: Collection[UUID]) -> int:
        """The position from which on an index surely knows that rows about these ids are hidden."""
        if self._sights.rule is None or not hidden:
            return 0
        return await self._sights.rule.changed(self._caller, view, hidden)

    async def unseen(self, command: Command) -> NotFound | None:
        """The refusal of a command on something that the caller may not see."""
        (refusal,) = await self.unseen_by([command])
        return refusal

    async def unseen_by(self, commands: Sequence[Command]) -> list[NotFound | None]:
        """The refusal of each command on something that the caller may not see; all are looked at at once.

        What one of them makes is seen by those after it: it stands nowhere yet.
        """
        named: list[list[tuple[Need, UUID]]] = []
        created = set[UUID]()
        for command in commands:
            needs = (
                (need, id_of(step, need.field))
                for step in command.steps or (command,)
                for need in step.wiring.direct
            )
            named.append([(need, id) for need, id in needs if id is not None and id not in created])
            if command.wiring.creates is not None:
                created.add(command.id)
        things = {(need.aggregate.topic, id) for needs in named for need, id in needs}
        hidden = await self.hidden_of(things)
        return [
            next(
                (
                    NotFound(field=need.field, what=noun(need.aggregate.topic))
                    for need, id in needs
                    if (need.aggregate.topic, id) in hidden
                ),
                None,
            )
            for needs in named
        ]

    async def hidden_of(self, things: Collection[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
        """Those of these things, given with their topics, that are shown somewhere, but not to the caller."""
        hidden: set[tuple[str, UUID]] = set()
        for topic in {topic for topic, _ in things}:
            view = self._sights.shown_in.get(topic)
            if view is not None and self.sight.narrows(view):
                ids = {id for of, id in things if of == topic}
                hidden |= {(topic, id) for id in ids - await self._seen(view, ids)}
        return hidden

    async def things(self, things: Collection[tuple[str, UUID]]) -> set[UUID]:
        """The ids of those things, given with their topics, whose history the caller may read.

        What is shown somewhere may be read by whoever sees it there. Of the rest, and of what is hidden from
        nobody, auditors read everything: to audit what was done is not to see private work.
        """
        seen: set[UUID] = set()
        unknown: dict[str, set[UUID]] = {}
        for topic, id in things:
            unknown.setdefault(topic, set()).add(id)
        for topic, ids in unknown.items():
            if topic in self._sights.messages and self.sight.rule is not None:
                continue
            view, need = self._sights.shown_in.get(topic), self._sights.needs.get(topic)
            audits = self._caller.may("audit:read")
            if view is not None and self.sight.narrows(view):
                allowed = audits or need is None or self._caller.may(need)
                seen |= await self._seen(view, ids) if allowed else set()
            elif audits or (view is not None and (need is None or self._caller.may(need))):
                seen |= ids
        return seen

    async def told(self, events: Sequence[E]) -> list[E]:
        """Those of these events, which were read before, that the caller may read: of things whose history they
        may read, and from times at which these were about nothing that the caller may not see."""
        seen = await self.things({(event.topic, event.originator_id) for event in events})
        found = [event for event in events if event.originator_id in seen]
        untold = await self.untold({(event.originator_id, event.position) for event in found})
        return [event for event in found if (event.originator_id, event.position) not in untold]

    async def untold(self, moments: Collection[Moment], *, moves: bool = True) -> frozenset[Moment]:
        """Those of the moments of things at which these were about what the caller may not see now; without
        ``moves``, but for the events by which they came to be about it or ceased to be."""
        if self._sights.rule is None or self.sight.rule is None or not moments:
            return frozenset()
        return await self._sights.rule.untold(self._caller, moments, moves=moves)

    def changed_by(self, type: str) -> bool:
        """Whether, after an event of this type, the caller may see more or less than before."""
        return self.sight.rule is not None and type in self._sights.changes

    async def _seen(self, view: type[PostgresView[Any]], ids: set[UUID]) -> set[UUID]:
        where, keys = self.sight.conditions(view), [(id,) for id in ids]
        return {id for (id,) in await self._rows.get(view, self._caller.tenant_id, keys, where=where)}
