"""Mutations: each sends what a client asks, and answers with a receipt or a refusal.

    async def create(sending: Sending) -> Sent | Refusal:
        return await sending.send(await sending.command(CreateTask))

    create_task = mutation(create, TaskReceipt, takes(CreateTask), description="...", needs="work:write")

Most are made by a `Resource`, which does just that.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeAlias, TypedDict, TypeVar, get_args, get_type_hints
from uuid import UUID

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

from api.kit.schema.commands import Receipt, Refused
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import described
from api.kit.schema.scalars import Position
from domain.kit.bus.checks import refusal_of
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.commands import Command
from domain.kit.fields import nullable
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Invalid, Refusal, Violation, ViolationCode

C = TypeVar("C", bound=Command)

new_command_id = TimeOrderedIds().new


class SentBy(TypedDict):
    """Who sends a command, and by which ids that is known."""

    by: Caller
    command_id: UUID
    correlation_id: str | None
    metadata: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sent:
    """What was asked is in the log."""

    stored: AppendReceipt
    shown: Mapping[str, object] = field(default_factory=dict)
    """What the receipt says besides."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One mutation, as a client sent it."""

    ask: RequestContext
    # Its class follows from a command.
    input: Any
    command_id: UUID
    expected_version: int | None = None

    @property
    def sent_by(self) -> SentBy:
        """Who sends it, as the bus and the ports take it."""
        ask = self.ask
        return SentBy(
            by=ask.caller, command_id=self.command_id, correlation_id=ask.correlation_id, metadata=ask.trace
        )

    @property
    def new_id(self) -> UUID:
        """The id of what is made: the client's choice, or the command's."""
        id: UUID | None = self.input.id
        return self.command_id if id is strawberry.UNSET or id is None else id

    async def command(self, command: type[C], **known: object) -> C:
        """The command of the input, and of what is ``known`` besides.

        Raises Refusal for what it cannot be, and for what the caller may not see.
        """
        now = self.ask.services.bus.now()
        built_command = built(command, self.input, self.command_id, now, **known)
        if (unseen := await self.ask.seeing.unseen(built_command)) is not None:
            raise unseen
        return built_command

    async def was_executed(self) -> bool:
        """Whether it is in the log already: then it is answered as before, whatever holds by now."""
        ask = self.ask
        return await ask.services.bus.log.receipt(ask.caller.tenant_id, self.command_id) is not None

    async def send(self, command: Command, **shown: object) -> Sent | Refusal:
        """What comes of a command on the bus; its receipt shows what it made or changed, and this."""
        stored = await self.ask.services.bus.send(
            command, **self.sent_by, expected_version=self.expected_version
        )
        return stored if isinstance(stored, Refusal) else Sent(stored, {"target": command.id, **shown})


@dataclass(frozen=True, slots=True)
class PlainMutation:
    """A mutation that sends a command as it is given, and does nothing else."""

    command: type[Command]
    taken: type
    receipt: type[Receipt]


Send: TypeAlias = Callable[[Sending], Awaitable[Sent | Refusal]]


def mutation(
    send: Send,
    receipt: type[Receipt],
    taken: type,
    *,
    description: str,
    needs: str,
    versioned: bool = False,
    elsewhere: bool = False,
    command: type[Command] | None = None,
) -> StrawberryField:
    """The mutation that takes this input and sends it so.

    ``command`` is the one that is sent as it is given, if nothing else is done.
    ``versioned``: it changes what is there already, of which a client may say the version it has read.
    ``elsewhere``: it is stored in another log than that which the caller's views follow.
    """
    title = f"{receipt.__name__.removesuffix('Receipt')}Answer"
    either: Any = receipt
    answer = Annotated[either | Refused, strawberry.union(title, description="A receipt or a refusal.")]

    async def resolve(
        info: Info, input: Any, command_id: UUID | None = None, expected_version: int | None = None
    ) -> Any:
        sending = Sending(info.context, input, command_id or new_command_id(), expected_version)
        try:
            outcome = await send(sending)
        except Refusal as refusal:
            return Refused.of(refusal)
        if isinstance(outcome, Refusal):
            return Refused.of(outcome)
        stored = outcome.stored
        if not elsewhere:
            info.context.wrote(stored.last)
        return either(
            command_id=sending.command_id,
            position=Position(stored.last),
            repeated=stored.repeated,
            **outcome.shown,
        )

    resolve.__annotations__ |= {
        "input": Annotated[taken, strawberry.argument(description="The command's input.")],
        "command_id": Annotated[UUID | None, strawberry.argument(description=COMMAND_ID)],
        "expected_version": Annotated[int | None, strawberry.argument(description=EXPECTED_VERSION)],
        "return": answer,
    }
    resolver = resolve if versioned else _without_version(resolve)
    plain = None if command is None else PlainMutation(command, taken, receipt)
    return described(resolver, description, needs=needs, more={_PLAIN: plain})


def declared(root: type) -> dict[str, tuple[str, PlainMutation | None]]:
    """By the name of each mutation of a root: the permission that it takes, and whether it is a plain one."""
    fields = get_object_definition(root, strict=True).fields
    return {
        each.python_name: (each.metadata.get("needs") or "", each.metadata.get(_PLAIN)) for each in fields
    }


_PLAIN = "plain"
"""Under this name a mutation's metadata say that it is a plain one."""


def _without_version(resolve: Any) -> Any:
    """The same for a command that makes something: there is no version to expect."""

    async def send(info: Info, input: Any, command_id: UUID | None = None) -> Any:
        return await resolve(info, input, command_id)

    send.__annotations__ |= {
        name: hint for name, hint in resolve.__annotations__.items() if name != "expected_version"
    }
    return send


EXPECTED_VERSION = (
    "The version of the object that you last read: the command is refused with `stale_version` "
    "if the object has changed since."
)
COMMAND_ID = (
    "An id that you choose: a command sent twice with the same id is executed once. "
    "Nobody else can use the id again."
)


def built(command: type[C], input: Any, command_id: UUID, now: datetime, **known: object) -> C:
    """The command of an input and of what is ``known`` besides; what was left out takes the command's default.

    Raises Invalid for what is missing and must not be, together with what else is wrong with the input at this
    moment.
    """
    given = stated(input, command)
    values: dict[str, Any] = {**known}
    # Caches take what is hashable, which checkers do not know of a class.
    kind: Any = command
    clearable, wrong, parts = nullable(command), list[Violation](), _parts(kind)
    for each in fields(command):
        name = each.name
        if name in given:
            values[name] = _stated(given[name], parts.get(name))
        elif name == "id":
            values["id"] = command_id
        elif name in clearable and each.default is MISSING and name not in known:
            wrong.append(Violation(ViolationCode.REQUIRED, "is required; null clears it", (name,)))
    if wrong:
        raise refusal_of(kind, values, now, wrong) or Invalid.of(wrong)
    return command(**values)


# Inputs have the types that their commands give them, hence Any.
def stated(input: Any, of: Any) -> dict[str, Any]:
    """What an input says of the fields of a class: a null that clears nothing is as if it were left out."""
    clearable = nullable(of)
    given = {each.name: getattr(input, each.name) for each in fields(input)}
    return {
        name: value
        for name, value in given.items()
        if value is not strawberry.UNSET and (value is not None or name in clearable)
    }


@cache
def _parts(command: Any) -> Mapping[str, type]:
    """The fields of a command that hold dataclasses, one or a tuple of them, with their class."""
    hints = get_type_hints(command)
    held = {name: (get_args(hint) or (hint,))[0] for name, hint in hints.items()}
    return {name: kind for name, kind in held.items() if is_dataclass(kind) and isinstance(kind, type)}


# Any, because inputs have the types that their commands give them.
def _stated(value: Any, part: type[Any] | None) -> Any:
    """A value of an input as its command has it."""
    if isinstance(value, list):
        return tuple(_stated(each, part) for each in value)
    if part is None:
        return value
    return part(**{name: _stated(given, None) for name, given in stated(value, part).items()})


def sentences(command: type[Command]) -> str:
    """What a command says of itself, for who sends it."""
    return " ".join((command.__doc__ or "").split())
