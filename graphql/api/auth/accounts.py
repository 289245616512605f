"""The accounts of others, for operators: suspended and reactivated."""

from typing import Annotated

import strawberry

from api.auth.answers import DoneAnswer, done
from api.auth.port import Auth
from api.kit.context import Info
from api.kit.fields import argument, field
from projections.operations.operating import asked_by

NEEDS = "ops:accounts"

Email = Annotated[str, argument("The account's e-mail address.")]


@strawberry.type
class Mutation:
    @field(
        "Let nobody sign in with an account for now: its sessions end, its API keys rest, the log says by whom.",
        needs=NEEDS,
    )
    async def suspend_account(self, info: Info, email: Email) -> DoneAnswer:
        caller = info.context.caller
        desk = info.context.port(Auth).suspending
        return done(await desk.suspend(email, by=caller, asked_by=asked_by(caller)))

    @field(
        "Let a suspended account be used again; its person signs in anew. The log says who did it.",
        needs=NEEDS,
    )
    async def reactivate_account(self, info: Info, email: Email) -> DoneAnswer:
        caller = info.context.caller
        desk = info.context.port(Auth).suspending
        return done(await desk.reactivate(email, by=caller, asked_by=asked_by(caller)))
