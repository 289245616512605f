"""Several commands in one request: all of them are carried out, or none.

Which these are follows from the mutations: every one that sends a command as it is given.
"""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import IDENTIFIED, Permit, covered, permits
from api.kit.execution.errors import bad_argument, lacking
from api.kit.schema.commands import Receipt, Refused, camel
from api.kit.schema.context import Info
from api.kit.schema.fields import LARGEST, argument, described
from api.kit.schema.mutations import (
    COMMAND_ID,
    EXPECTED_VERSION,
    PlainMutation,
    built,
    declared,
    new_command_id,
)
from api.kit.schema.scalars import Position
from domain.kit.bus.requests import SentTogether
from domain.kit.bus.together import RefusedTogether
from domain.kit.commands import Command
from domain.kit.refusals import Refusal


@covered
@strawberry.type(description="Confirms that several commands were executed, each once.")
class CommandsReceipt:
    """What all of them are answered with."""

    position: Position = strawberry.field(
        description="The log position of the last event of all; pass it to a query as `afterPosition`."
    )
    receipts: list[Receipt] = strawberry.field(description="The receipt of each command, in their order.")


def command_list(mutation: type) -> type:
    """The part of the mutation's root that sends commands of these mutations together."""
    plain = {name: (need, sent) for name, (need, sent) in declared(mutation).items() if sent is not None}
    entry = _entry(_one_of(plain))

    async def resolve(info: Info, commands: list[Any]) -> Any:
        ask = info.context
        if not 1 <= len(commands) <= LARGEST:
            raise bad_argument(
                f"Send 1 to {LARGEST} commands, not {len(commands)}.", "commands", minimum=1, maximum=LARGEST
            )
        named = [_named(each.command, plain) for each in commands]
        for place, (name, _) in enumerate(named):
            need, _ = plain[name]
            if permits(ask.caller, need) is not Permit.GRANTED:
                raise lacking(f"Mutation.{camel(name)}", need, index=place)
        sent: list[SentTogether] = []
        for place, ((name, input), each) in enumerate(zip(named, commands, strict=True)):
            id = each.command_id or new_command_id()
            try:
                command: Command = built(plain[name][1].command, input, id, ask.services.bus.now())
            except Refusal as refusal:
                return Refused.of(refusal, index=place)
            sent.append(SentTogether(command, id, each.expected_version))
        unseen = await ask.seeing.unseen_by([each.command for each in sent])
        for place, hidden in enumerate(unseen):
            if hidden is not None:
                return Refused.of(hidden, index=place)
        try:
            stored = await ask.services.bus.send_all(
                sent, by=ask.caller, correlation_id=ask.correlation_id, metadata=ask.trace
            )
        except RefusedTogether as refused:
            return Refused.of(refused.refusal, index=refused.place)
        except Refusal as refusal:
            return Refused.of(refusal)
        last = max(receipt.last for receipt in stored)
        ask.wrote(last)
        # The class of a receipt is made when its resource is declared, hence Any.
        kinds: list[Any] = [plain[name][1].receipt for name, _ in named]
        receipts = [
            kind(
                command_id=each.command_id,
                position=Position(receipt.last),
                repeated=receipt.repeated,
                target=each.command.id,
            )
            for kind, each, receipt in zip(kinds, sent, stored, strict=True)
        ]
        return CommandsReceipt(position=Position(last), receipts=receipts)

    answer = Annotated[
        CommandsReceipt | Refused, strawberry.union("CommandsAnswer", description="Receipts or a refusal.")
    ]
    resolve.__annotations__ |= {
        "commands": Annotated[list[entry], argument(f"The commands, {LARGEST} at most.")],  # type: ignore[valid-type]
        "return": answer,
    }

    class Mutation:
        send_commands = described(resolve, _SEND, needs=IDENTIFIED)

    return strawberry.type(Mutation)


_SEND = (
    "Send several commands, which are executed in their order, all or none: each sees what those before it did, "
    "and may name what they make. Each needs what its own mutation needs, and has a receipt of its own. What was "
    "executed before under its `commandId` is not executed again. A refusal, and an "
    "error with `FORBIDDEN` in its `extensions`, says in `index` which one it is about."
)


def _named(command: Any, plain: dict[str, tuple[str, PlainMutation]]) -> tuple[str, Any]:
    """The one mutation that is named, and its input: GraphQL sees to it that it is one."""
    ((name, input),) = (
        (name, given) for name in plain if (given := getattr(command, name)) is not strawberry.UNSET
    )
    return name, input


# Inputs are made of what the mutations take, hence Any.
def _one_of(plain: dict[str, tuple[str, PlainMutation]]) -> Any:
    namespace: dict[str, Any] = {
        "__module__": __name__,
        "__annotations__": {name: sent.taken | None for name, (_, sent) in plain.items()},
        **{
            name: strawberry.field(default=strawberry.UNSET, description=f"What `{camel(name)}` takes.")
            for name in plain
        },
    }
    description = "The input of one mutation, which stands under its name."
    return strawberry.input(type("CommandInput", (), namespace), one_of=True, description=description)


def _entry(one_of: Any) -> Any:
    class CommandEntryInput:
        command_id: UUID | None = strawberry.field(default=None, description=COMMAND_ID)
        expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)

    CommandEntryInput.__annotations__ = {"command": one_of, **CommandEntryInput.__annotations__}
    CommandEntryInput.command = strawberry.field(description="What to execute.")  # type: ignore[attr-defined]
    return strawberry.input(CommandEntryInput, description="One of several commands.")
