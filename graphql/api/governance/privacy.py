"""Privacy: to get all that is kept about a person, and to have them forgotten."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.governance.requests import NEEDED, asked, outcome
from api.kit.execution.access import COVERED, SIGNED_IN
from api.kit.execution.errors import ClientError
from api.kit.schema.changes import watch
from api.kit.schema.commands import COMMAND_ID, Refused, receipt
from api.kit.schema.connections import listed
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import After, argument, described, field, live
from api.kit.schema.node_types import Node, enum, shows
from api.kit.schema.scalars import Position
from domain.governance.erasures import erasure_id
from domain.kit.refusals import Refusal
from projections.governance.erasures import ErasureRow, Erasures
from projections.governance.exports import ExportRow, Exports, ExportState
from projections.governance.privacy import Privacy
from projections.kit.read.conditions import Condition, equals
from projections.kit.read.postgres_reader import Order

enum(ExportState)


@shows(ErasureRow, needs=COVERED, about="subject_id")
class Erasure(Node):
    """The erasure of a person, with its certificate."""


@shows(ExportRow, needs=COVERED, about="subject_id")
class Export(Node):
    """An export of all data about a person. When finished, it is downloaded from `/exports/{id}`."""


@strawberry.input(description="Which erasures to list: those that meet all that is given.")
class ErasureFilter:
    """What the listed erasures must meet."""

    subject_id: UUID | None = strawberry.field(default=None, description="Of this person.")

    def conditions(self) -> list[Condition]:
        return equals("subject_id", self.subject_id)


@strawberry.input(description="Input of `eraseUser`.")
class EraseUserInput:
    """What is needed to have somebody forgotten."""

    subject_id: UUID = strawberry.field(description="The person.")
    reason: str = strawberry.field(default="", description="The reason; it is erased with the person.")


@strawberry.input(description="Input of `eraseMe`.")
class EraseMeInput:
    """What is needed to be forgotten."""

    reason: str = strawberry.field(default="", description="The reason; it is erased as well.")


@strawberry.input(description="Input of `requestExport`.")
class RequestExportInput:
    """What is needed for an export."""

    subject_id: UUID | None = strawberry.field(
        default=None, description="The person; by default the caller. Others require `privacy:write`."
    )


ErasureReceipt = receipt(Erasure, Erasures, name="erasure", home=True)
ExportReceipt = receipt(Export, Exports, name="export", home=True)
_erasure_receipt: Any = ErasureReceipt
_export_receipt: Any = ExportReceipt
_EITHER = "A receipt or a refusal."
ErasureAnswer = Annotated[_erasure_receipt | Refused, strawberry.union("ErasureAnswer", description=_EITHER)]
ExportAnswer = Annotated[_export_receipt | Refused, strawberry.union("ExportAnswer", description=_EITHER)]


async def _erase_user(
    info: Info, input: Annotated[EraseUserInput, NEEDED], command_id: UUID | None = None
) -> Any:
    wish = asked(info.context, command_id)
    done = await info.context.port(Privacy).erase(wish, input.subject_id, reason=input.reason)
    return outcome(ErasureReceipt, wish, done, target=erasure_id(input.subject_id))


async def _erase_me(
    info: Info, input: Annotated[EraseMeInput, NEEDED], command_id: UUID | None = None
) -> Any:
    wish = asked(info.context, command_id)
    me = info.context.caller.user_id
    done = await info.context.port(Privacy).erase(wish, me, reason=input.reason)
    if isinstance(done, Refusal) and done.field == "subject_id":
        # Nobody was named, so no input is to blame.
        done = done.about(None)
    return outcome(ErasureReceipt, wish, done, target=erasure_id(me))


async def _request_export(
    info: Info, input: Annotated[RequestExportInput, NEEDED], command_id: UUID | None = None
) -> Any:
    wish = asked(info.context, command_id)
    done = await info.context.port(Privacy).export(wish, input.subject_id or info.context.caller.user_id)
    return outcome(ExportReceipt, wish, done, target=wish.command_id)


for _resolver, _answer in (
    (_erase_user, ErasureAnswer),
    (_erase_me, ErasureAnswer),
    (_request_export, ExportAnswer),
):
    _resolver.__annotations__ |= {
        "command_id": Annotated[UUID | None, argument(COMMAND_ID)],
        "return": _answer,
    }


def _readable(ask: RequestContext, subject_id: UUID) -> bool:
    return subject_id == ask.caller.user_id or ask.caller.may("privacy:read")


@strawberry.type
class Query:
    erasures = listed(
        Erasure,
        Erasures,
        filter=ErasureFilter,
        orders={"REQUESTED_AT": Order("requested_at", descending=True)},
        description="Erasures of people, with their certificates, by pages.",
        needs="privacy:read",
    )

    @field(
        "A person's newest export, finished or not; those of others require `privacy:read`.",
        Export | None,
        needs=SIGNED_IN,
    )
    async def export_user_data(
        self,
        info: Info,
        user_id: Annotated[UUID, argument("The person.")],
        after_position: After = None,
    ) -> Any:
        ask = info.context
        if not _readable(ask, user_id):
            ask.require("privacy:read")
        await ask.caught_up(Exports, after_position)
        return await ask.port(Privacy).newest_export(ask.home, user_id)


@strawberry.type
class Mutation:
    erase_user = described(
        _erase_user, "Erase a person's personal data in this tenant, permanently.", needs="privacy:write"
    )
    erase_me = described(_erase_me, "Erase your personal data in this tenant, permanently.", needs=SIGNED_IN)
    request_export = described(
        _request_export, "Request an export of all data about a person.", needs=SIGNED_IN
    )


@strawberry.type
class Subscription:
    @live("An export's state, now and at every change until it ends.", Export, needs=SIGNED_IN, own=True)
    async def export_progress(
        self, info: Info, id: Annotated[UUID, argument("The export's id.")]
    ) -> AsyncGenerator[Any, None]:
        ask = info.context
        head = Position(await ask.services.log.head())
        await ask.reached(Exports, head)
        row = await ask.port(Privacy).export_row(ask.home, id)
        if row is None or not _readable(ask, row.subject_id):
            raise ClientError("There is no such export.", code="NOT_FOUND")
        yield row
        # Whoever belongs to no tenant asks again: there are no changes of theirs to watch.
        if row.state is not ExportState.RUNNING or ask.home != ask.caller.tenant_id:
            return
        changes = watch(ask, Exports(), resume_from=head, wanted=lambda _, event, key: key == (id,))
        async with aclosing(changes):
            async for change in changes:
                row = getattr(change, "node", None)
                if row is None:
                    continue
                yield row
                if row.state is not ExportState.RUNNING:
                    return
