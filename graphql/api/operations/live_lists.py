"""Operators' lists as subscriptions: what they show lies in tables of the platform, of which no event tells."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.execution.sizes import MOST
from api.kit.model import ChangeKind, Info, Parent, RequestContext, argument, derived, live
from api.kit.schema.live.messages import PART, message_type
from projections.operations.polled_lists import PolledLists


@dataclass(frozen=True, slots=True)
class Happening:
    """What can happen to a thing of a list between two looks. Rows are of any type, hence Any."""

    name: str
    text: str
    between: Callable[[Any, Any], bool] = lambda before, now: True
    """Whether it is what made this row of that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change as it was seen."""

    kind: ChangeKind
    change: str
    at: datetime
    node_id: str
    node: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A part of the present state."""

    nodes: Sequence[Any]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorList:
    """A list that is read again once a second for all who watch it. Rows are of any type, hence Any.

    ``lasting`` is what of a row makes a change when it differs; what grows by itself is none.
    """

    name: str
    shown: type
    needs: str
    read: Callable[[RequestContext], Callable[[], Awaitable[Sequence[Any]]]]
    named: Callable[[Any], str]
    names: str
    """What ``named`` gives, in words."""
    made: Happening
    happens: Sequence[Happening]
    """What changes it, of which the first that fits is told."""
    gone: Happening
    lasting: Callable[[Any], Hashable] = lambda row: row

    def subscription(self, description: str) -> StrawberryField:
        """The subscription to its changes."""

        async def resolve(root: Any, info: Info, initial: bool = False) -> AsyncGenerator[Any, None]:
            async for message in self._messages(info.context, initial=initial):
                yield message

        resolve.__annotations__ |= {
            "root": Parent[Any],
            "initial": Annotated[
                bool,
                argument(
                    "Whether to begin with the present state. There is no position to go on from, so whoever "
                    "comes back asks for the state again."
                ),
            ],
        }
        field: Any = live(description, _messages(self), needs=self.needs)(resolve)
        return field  # type: ignore[no-any-return]

    async def _messages(
        self, ask: RequestContext, *, initial: bool
    ) -> AsyncGenerator[Changed | Standing, None]:
        before: Mapping[Hashable, Any] | None = None
        states = ask.port(PolledLists).states(self.name, self.read(ask), self.named)
        async with aclosing(states):
            async for now in states:
                if before is None:
                    rows = list(now.values()) if initial else []
                    for start in range(0, max(len(rows), initial), PART):
                        yield Standing(nodes=rows[start : start + PART], complete=start + PART >= len(rows))
                else:
                    for change in self._changes(before, now):
                        yield change
                before = now

    def _changes(self, before: Mapping[Hashable, Any], now: Mapping[Hashable, Any]) -> list[Changed]:
        found = list[tuple[ChangeKind, Happening, Hashable]]()
        for id, row in now.items():
            if id not in before:
                found.append((ChangeKind.CREATED, self.made, id))
            elif self.lasting(before[id]) != self.lasting(row):
                found.append((ChangeKind.UPDATED, self._between(before[id], row), id))
        found += [(ChangeKind.REMOVED, self.gone, id) for id in before if id not in now]
        at = datetime.now(UTC)
        return [
            Changed(kind=kind, change=change.name, at=at, node_id=str(id), node=now.get(id))
            for kind, change, id in found
        ]

    def _between(self, before: Any, now: Any) -> Happening:
        return next((it for it in self.happens if it.between(before, now)), _OTHER)


_OTHER = Happening("CHANGED", "Something else of it is another.")


# Types have no static type, hence Any.
def _messages(of: OperatorList) -> Any:
    name, shown = of.shown.__name__, of.shown
    members = {
        it.name: strawberry.enum_value(it.name, description=it.text)
        for it in (of.made, *of.happens, _OTHER, of.gone)
    }
    declared: Any = Enum(f"{name}ListEventType", members)  # type: ignore[misc]
    changes = strawberry.enum(declared, description=f"What `{name}ListChange` tells of.")

    class Message:
        kind: ChangeKind = strawberry.field(description="What it means for a list of the objects.")
        change = derived(changes, lambda root: changes(root.change), "What happened since the last look.")
        at: datetime = strawberry.field(description="When it was noticed, within about a second.")
        node_id: strawberry.ID = strawberry.field(description=f"{of.names}, also when it is gone.")
        node: shown | None = strawberry.field(  # type: ignore[valid-type]
            description="The object in its current state; null when it is gone."
        )

        @classmethod
        def is_type_of(cls, value: object, info: object) -> bool:
            return isinstance(value, Changed | cls)

    class Part:
        nodes: list[shown] = strawberry.field(  # type: ignore[valid-type]
            description=f"At most {PART} of the objects.", metadata={MOST: PART}
        )
        complete: bool = strawberry.field(
            description="Whether the state is complete, so that what is not in its messages is not there."
        )

        @classmethod
        def is_type_of(cls, value: object, info: object) -> bool:
            return isinstance(value, Standing | cls)

    change = message_type(Message, f"{name}ListChange", "A change of an object in an operators' list.")
    part = message_type(Part, f"{name}ListState", "A part of the present state, as `initial` asks for it.")
    said = "A change in an operators' list, or its state."
    return Annotated[change | part, strawberry.union(f"{name}ListMessage", description=said)]
