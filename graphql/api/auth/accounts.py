"""The accounts of others, for operators: suspended and reactivated."""

from typing import Annotated

import strawberry

from api.auth.answers import DoneAnswer, done
from api.auth.port import Auth
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field
from projections.operations.operator_requests import asked_by

NEEDS = "ops:accounts"

Email = Annotated[str, argument("The account's e-mail address.")]


@strawberry.type
class Mutation:
    @field(
        "Suspend an account: its sessions end, and its API keys stop working. The log records who did it.",
        needs=NEEDS,
    )
    async def suspend_account(self, info: Info, email: Email) -> DoneAnswer:
        caller = info.context.caller
        desk = info.context.port(Auth).suspending
        return done(await desk.suspend(email, by=caller, asked_by=asked_by(caller)))

    @field(
        "Reactivate a suspended account; its owner signs in again. The log records who did it.",
        needs=NEEDS,
    )
    async def reactivate_account(self, info: Info, email: Email) -> DoneAnswer:
        caller = info.context.caller
        desk = info.context.port(Auth).suspending
        return done(await desk.reactivate(email, by=caller, asked_by=asked_by(caller)))
