"""Mutations: each sends one command and answers with a receipt or a refusal.

TaskReceipt = receipt(Task, Tasks, name="task")

class Mutation:
    create_task = sends(CreateTask, TaskReceipt)
"""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.execution.access import covered
from api.kit.schema.context import Info
from api.kit.schema.fields import described
from api.kit.schema.node_types import takes
from api.kit.schema.scalars import Position
from domain.kit.clock import TimeOrderedIds
from domain.kit.commands import Command, target_id
from domain.kit.refusals import Invalid, Refusal, StaleVersion
from projections.kit.declare.postgres import PostgresView

C = TypeVar("C", bound=Command)

_ids = TimeOrderedIds()


@covered
@strawberry.type(description="Says why a command was refused; nothing was changed.")
class Refused:
    """A refusal as the API shows it."""

    code: str = strawberry.field(description="The stable code of the rule that refused the command.")
    message: str = strawberry.field(description="A message for the user.")
    field: str | None = strawberry.field(description="The input field concerned, if any.")
    retry_after: int | None = strawberry.field(
        default=None, description="After how many seconds to try again, where waiting helps."
    )
    version: int | None = strawberry.field(
        default=None, description="With `stale_version`: the object's current version."
    )

    @classmethod
    def of(cls, refusal: Refusal) -> "Refused":
        """The refusal as data, its field named as the API names it, in the message too."""
        wait = refusal.facts.get("retry_after")
        if refusal.field is None:
            after = wait if isinstance(wait, int) else None
            return cls(code=refusal.code, message=refusal.message, field=None, retry_after=after)
        shown = refusal.about(camel(refusal.field))
        version = refusal.facts["version"] if isinstance(refusal, StaleVersion) else None
        stands = version if isinstance(version, int) else None
        return cls(code=shown.code, message=shown.message, field=shown.field, version=stands)


@covered
@strawberry.interface(description="Confirms that a command was executed, once, however often it was sent.")
class Receipt:
    """What every receipt has."""

    command_id: UUID = strawberry.field(description="The command's id; a retry with the same id is safe.")
    position: Position = strawberry.field(
        description="The log position of the command's last event; pass it to a query as `afterPosition`."
    )
    repeated: bool = strawberry.field(
        description="Whether the command had been executed before under this id; nothing was changed this time."
    )


def receipt(shown: type, view: type[PostgresView[Any]], *, name: str, home: bool = False) -> type[Receipt]:
    """The receipt of commands on one kind of thing, which it shows, under this name, as it now stands.

    ``home``: that of somebody who belongs to no tenant is looked for where accounts are (see `context`).
    """

    async def changed(self: Any, info: Info) -> Any:
        info.context.written = max(info.context.written, self.position)
        await info.context.reached(view, self.position)
        if home and info.context.home != info.context.caller.tenant_id:
            return await info.context.at_home(view, self.target)
        return await info.context.row(view, self.target)

    title = f"{shown.__name__}Receipt"
    namespace: dict[str, Any] = {
        "__annotations__": {"target": strawberry.Private[UUID]},
        name: strawberry.field(
            resolver=_annotated(changed, shown | None),
            description="The changed object in its current state.",
        ),
        "__module__": __name__,
    }
    made = type(title, (Receipt,), namespace)
    return covered(
        strawberry.type(
            made, name=title, description=f"The receipt of a command that changes `{shown.__name__}` objects."
        )
    )


def sends(
    command: type[C],
    receipt: type[Receipt],
    *,
    needs: str,
    allows: Callable[[Info, C], Awaitable[None]] | None = None,
) -> StrawberryField:
    """The mutation that sends this command; its input, description and name follow from the command.

    ``allows`` raises the refusal of a command for what no aggregate can see; one that was executed is not
    asked about.
    """
    taken = takes(command)
    title = f"{receipt.__name__.removesuffix('Receipt')}Answer"
    either: Any = receipt
    answer = Annotated[either | Refused, strawberry.union(title, description=_ANSWER)]

    async def resolve(
        info: Info, input: Any, command_id: UUID | None = None, expected_version: int | None = None
    ) -> Any:
        chosen = command_id or _ids.new()
        try:
            wish = built(command, input, chosen)
        except Refusal as refusal:
            return Refused.of(refusal)
        context = info.context
        if (unseen := await context.seeing.unseen(wish)) is not None:
            return Refused.of(unseen)
        if allows is not None and not await _was_executed(info, chosen):
            try:
                await allows(info, wish)
            except Refusal as refusal:
                return Refused.of(refusal)
        outcome = await context.services.bus.send(
            wish,
            by=context.caller,
            command_id=chosen,
            correlation_id=context.correlation_id,
            metadata=context.trace,
            expected_version=expected_version,
        )
        if isinstance(outcome, Refusal):
            return Refused.of(outcome)
        return receipt(
            command_id=chosen,
            position=Position(outcome.last),
            repeated=outcome.repeated,
            target=target_id(wish),  # type: ignore[call-arg]
        )

    resolve.__annotations__ |= {
        "input": Annotated[taken, strawberry.argument(description="The command's input.")],
        "command_id": Annotated[UUID | None, strawberry.argument(description=COMMAND_ID)],
        "expected_version": Annotated[int | None, strawberry.argument(description=EXPECTED_VERSION)],
        "return": answer,
    }
    return described(
        resolve if command.wiring.changes is not None else _without_version(resolve),
        _doc(command),
        needs=needs,
    )


async def _was_executed(info: Info, command_id: UUID) -> bool:
    context = info.context
    return await context.services.bus.log.receipt(context.caller.tenant_id, command_id) is not None


def _without_version(resolve: Any) -> Any:
    """The same for a command that makes something: there is no version to expect."""

    async def made(info: Info, input: Any, command_id: UUID | None = None) -> Any:
        return await resolve(info, input, command_id)

    made.__annotations__ |= {
        name: hint for name, hint in resolve.__annotations__.items() if name != "expected_version"
    }
    return made


_ANSWER = "A receipt or a refusal."
EXPECTED_VERSION = (
    "The version of the object that you last read: the command is refused with `stale_version` "
    "if the object has changed since."
)
COMMAND_ID = (
    "An id that you choose: a command sent twice with the same id is executed once. "
    "Nobody else can use the id again."
)


def built(command: type[C], input: Any, command_id: UUID, **known: object) -> C:
    """The command of an input and of what is ``known`` besides; what was left out takes the command's default.

    Raises Invalid for a null.
    """
    given: Mapping[str, Any] = {
        field.name: value
        for field in dataclasses.fields(input)
        if (value := getattr(input, field.name)) is not strawberry.UNSET
    }
    values: dict[str, Any] = {**known}
    for field in dataclasses.fields(command):
        if field.name in given:
            value = given[field.name]
            values[field.name] = tuple(value) if isinstance(value, list) else value
            if value is None and field.default is not None:
                raise Invalid(field=field.name, reason="must not be null")
        elif field.name == "id":
            values["id"] = command_id
    return command(**values)


def camel(name: str) -> str:
    """``due_date`` as the API writes it, ``dueDate``."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _annotated(resolver: Any, returns: Any) -> Any:
    resolver.__annotations__ |= {"return": returns}
    return resolver


def _doc(command: type[Command]) -> str:
    return " ".join((command.__doc__ or "").split())
