"""Mutations of operators: each needs a permission, is noted in the log, and answers a receipt or a refusal."""

from collections.abc import Callable, Iterable
from typing import Any

from strawberry.types.field import StrawberryField

from api.kit.model import ClientError, Receipt, Refusal, Sending, Sent
from api.kit.schema.mutations import Send, mutation, sentences
from api.kit.schema.node_types import takes
from domain.kit.commands import Command
from domain.operations.operators import absent
from projections.operations.operator_requests import (
    Directing,
    Operation,
    OperationDone,
    OperatorRequests,
    asked_by,
)


def require_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise the client's error for a name that nothing has."""
    there = set(known)
    for name in names:
        if name not in there:
            raise ClientError(absent(what, name, there), code="NOT_FOUND")


def operator_request(
    operation: type[Operation],
    receipt: type[Receipt],
    *,
    needs: str,
    shown: Callable[[Operation, OperationDone], dict[str, Any]],
) -> StrawberryField:
    """The mutation by which somebody who has the permission asks for this operation; ``shown`` gives what its
    receipt says besides."""

    async def send(sending: Sending) -> Sent | Refusal:
        command = await sending.command(operation, asked_by=asked_by(sending.ask.caller))
        done = await sending.ask.port(OperatorRequests).carry_out(command, **sending.sent_by)
        return done if isinstance(done, Refusal) else Sent(done.receipt, shown(command, done))

    # What a request is about has an id only where there is something already, a rebuild.
    makes = operation not in Directing.__args__
    return operator_mutation(operation, send, receipt, needs=needs, makes=makes)


def operator_mutation(
    command: type[Command],
    send: Send,
    receipt: type[Receipt],
    *,
    needs: str,
    makes: bool = False,
    name: str | None = None,
) -> StrawberryField:
    """The mutation of a command that names who asked for it, and whose id is the mutation's where it ``makes``
    what it is about; ``name``: see `takes`."""
    left_out = ("id", "asked_by") if makes else ("asked_by",)
    return mutation(
        send,
        receipt,
        takes(command, leave_out=left_out, mutation=name),
        description=f"{sentences(command)} Needs `{needs}`.",
        needs=needs,
        elsewhere=True,
    )
