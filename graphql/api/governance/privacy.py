"""Privacy: to get all that is kept about a person, and to have them forgotten."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.governance.requests import data_subject, sent
from api.kit.model import (
    COVERED,
    SIGNED_IN,
    After,
    ClientError,
    Info,
    Interest,
    Node,
    Position,
    Refusal,
    RequestContext,
    Resource,
    Sending,
    Sent,
    argument,
    enum,
    field,
    live,
    shows,
    watch,
)
from domain.governance.erasures import erasure_id
from projections.governance.erasures import ErasureRow, Erasures
from projections.governance.exports import ExportRow, Exports, ExportState
from projections.governance.privacy import Privacy

enum(ExportState)


@shows(ErasureRow, needs=COVERED, about="subject_id")
class Erasure(Node):
    """The erasure of a user, with its certificate."""

    sha256: str | None


@shows(ExportRow, needs=COVERED, about="subject_id")
class Export(Node):
    """An export of all data about a user. When finished, it is downloaded from `/exports/{id}`."""

    part: str | None
    sha256: str | None
    error: str | None


_erasures = Resource(Erasure, Erasures, read="privacy:read", write=SIGNED_IN, home=True, own="subject_id")
_exports = Resource(Export, Exports, read="privacy:read", write=SIGNED_IN, home=True, own="subject_id")


@strawberry.input(description="Input of `eraseUser`.")
class EraseUserInput:
    """What is needed to have somebody forgotten."""

    subject_id: UUID = strawberry.field(description="The user.")
    reason: str = strawberry.field(default="", description="The reason; it is erased with the user.")


@strawberry.input(description="Input of `eraseMe`.")
class EraseMeInput:
    """What is needed to be forgotten."""

    reason: str = strawberry.field(default="", description="The reason; it is erased as well.")


@strawberry.input(description="Input of `requestExport`.")
class RequestExportInput:
    """What is needed for an export."""

    subject_id: UUID | None = strawberry.field(
        default=None, description="The user; by default the caller. Others require `privacy:write`."
    )


async def _erase_user(sending: Sending) -> Sent | Refusal:
    return await _erase(sending, sending.input.subject_id)


async def _erase_me(sending: Sending) -> Sent | Refusal:
    outcome = await _erase(sending, sending.ask.caller.user_id)
    if isinstance(outcome, Refusal) and outcome.field == "subject_id":
        # Nobody was named, so no input is to blame.
        return outcome.about(None)
    return outcome


async def _erase(sending: Sending, subject_id: UUID) -> Sent | Refusal:
    privacy, requester = sending.ask.port(Privacy), data_subject(sending)
    stored = await privacy.erase(requester, subject_id, reason=sending.input.reason)
    return sent(stored, target=erasure_id(subject_id))


async def _request_export(sending: Sending) -> Sent | Refusal:
    requester = data_subject(sending)
    subject_id = sending.input.subject_id or requester.by.user_id
    return sent(await sending.ask.port(Privacy).export(requester, subject_id), target=requester.command_id)


def _readable(ask: RequestContext, subject_id: UUID) -> bool:
    return subject_id == ask.caller.user_id or ask.caller.may("privacy:read")


@strawberry.type
class Query:
    erasures = _erasures.list(
        "Erasures of people, with their certificates, by pages.",
    )

    @field(
        "A user's newest export, finished or not; those of others require `privacy:read`.",
        Export | None,
        needs=SIGNED_IN,
    )
    async def export_user_data(
        self,
        info: Info,
        user_id: Annotated[UUID, argument("The user.")],
        after_position: After = None,
    ) -> Any:
        ask = info.context
        if not _readable(ask, user_id):
            ask.require("privacy:read")
        await ask.caught_up(Exports, after_position)
        return await ask.port(Privacy).newest_export(ask.home, user_id)


@strawberry.type
class Mutation:
    erase_user = _erasures.request(
        EraseUserInput,
        _erase_user,
        "Erase a user's personal data in this tenant, permanently.",
        needs="privacy:write",
    )
    erase_me = _erasures.request(
        EraseMeInput, _erase_me, "Erase your personal data in this tenant, permanently."
    )
    request_export = _exports.request(
        RequestExportInput, _request_export, "Request an export of all data about a user."
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
        its = Interest(concerns=lambda _, event, key, fold: key == (id,))
        changes = watch(ask, Exports(), resume_from=head, interest=its)
        async with aclosing(changes):
            async for change in changes:
                row = getattr(change, "node", None)
                if row is None:
                    continue
                yield row
                if row.state is not ExportState.RUNNING:
                    return
