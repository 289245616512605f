"""The viewer: what whoever asks may do, answered by the checks that would refuse it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from api.kit.execution.access import IDENTIFIED, Permit, covered, permits
from api.kit.schema.commands import camel
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import argument, field
from api.kit.schema.mutations import declared
from domain.kit.commands import Command
from domain.kit.permissions import PERMISSIONS

Asked = tuple[str, UUID | None]
"""The name of a mutation in the code, and the id of what it would change."""


@dataclass(frozen=True, slots=True)
class _Action:
    """What a mutation needs, and the command that it sends as it is; None where it does more than that."""

    need: str
    command: type[Command] | None


def viewer(mutation: type) -> type:
    """The part of the query's root with the field `viewer`, whose actions are these mutations."""
    actions = {
        name: _Action(need, None if plain is None else plain.command)
        for name, (need, plain) in declared(mutation).items()
    }
    values: Any = {
        name.upper(): strawberry.enum_value(name, description=f"Send `{camel(name)}`.") for name in actions
    }
    listed: Any = Enum("Action", values)  # type: ignore[misc]
    action = strawberry.enum(listed, description="What `viewer { can }` is asked about: every mutation.")

    @covered
    @strawberry.type(description="What whoever asks may do.")
    class Viewer:
        loader: strawberry.Private[DataLoader[Asked, bool]]

        @field("All permissions that you have, sorted; a field says with `@needs` which one it takes.")
        def permissions(self, info: Info) -> list[str]:
            caller = info.context.caller
            return sorted(name for name in PERMISSIONS if permits(caller, name) is Permit.GRANTED)

        async def _can(self, action: Any, id: UUID | None = None) -> bool:
            return await self.loader.load((action.value, id))

        _can.__annotations__ |= {
            "action": Annotated[action, argument("The mutation.")],
            "id": Annotated[
                UUID | None, argument("The `id` of its input; what a mutation makes has none yet.")
            ],
        }
        can = field(_CAN)(_can)
        del _can

    async def resolve(info: Info) -> Any:
        return Viewer(loader=DataLoader(partial(_able, info.context, actions)))

    class Query:
        viewer = field("What you may do.", Viewer, needs=IDENTIFIED)(resolve)

    return strawberry.type(Query)


_CAN = (
    "Whether you may send a mutation: whether you have the permission and, with an `id`, whether that object is "
    "there and shown to you. If all other fields of the input may be left out, its rules are asked as well, as if "
    "they were: a completed task cannot be completed. What depends on what you would write is not known before, "
    "and of operators' mutations, exports, consents and erasures the permission alone is."
)


async def _able(
    ask: RequestContext, actions: Mapping[str, _Action], questions: Sequence[Asked]
) -> list[bool]:
    """The answers to all that is asked at the same time, in as few reads as to one."""
    able = [permits(ask.caller, actions[name].need) is Permit.GRANTED for name, _ in questions]
    about = [
        (place, command, id)
        for place, (name, id) in enumerate(questions)
        if able[place]
        and id is not None
        and (command := actions[name].command) is not None
        and command.wiring.changes is not None
    ]
    if not about:
        return able
    topics = [(_topic(command), id) for _, command, id in about]
    hidden = await ask.seeing.hidden_of(set(topics))
    refusals = await ask.services.bus.refusals([(command, id) for _, command, id in about], by=ask.caller)
    for (place, _, _), thing, refusal in zip(about, topics, refusals, strict=True):
        able[place] = thing not in hidden and refusal is None
    return able


def _topic(command: type[Command]) -> str:
    assert command.wiring.changes is not None, "asked for before"
    return command.wiring.changes.aggregate.topic
