"""What signing in is answered with."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.auth.port import Entry, Granted, SecondFactorRequired
from api.kit.execution.access import covered
from api.kit.schema.commands import Refused
from domain.kit.refusals import Refusal


@covered
@strawberry.type(description="The tokens of a new or refreshed session.")
class SignedIn:
    """Tokens."""

    access_token: str | None = strawberry.field(
        description="Send it as `Authorization: Bearer …`, or as `token` when a WebSocket is opened; null where "
        "cookies keep the session."
    )
    refresh_token: str | None = strawberry.field(
        description="Exchanged once for new tokens; null where the current one stays valid, or cookies keep it."
    )
    csrf_token: str | None = strawberry.field(
        description="Where cookies keep the session: send it as `X-CSRF-Token` with every POST."
    )
    expires_in: int = strawberry.field(description="For how many seconds the access token is valid.")
    account_id: UUID = strawberry.field(
        description="The account's id, which is also the user's id in each tenant."
    )
    session_id: UUID = strawberry.field(description="The session.")
    tenant_id: UUID | None = strawberry.field(
        description="The tenant signed in to; null when the account has none."
    )


@covered
@strawberry.type(description="A challenge: the password is correct, and a second factor is required.")
class SecondFactorAsked:
    """A challenge."""

    challenge: str = strawberry.field(description="Pass it to `confirmSignIn` with a code.")
    expires_in: int = strawberry.field(description="For how many seconds it is valid.")


@covered
@strawberry.type(description="Confirms success.")
class Done:
    """Nothing more is to be said."""

    ok: bool = strawberry.field(description="Always true; a refusal is a type of its own.")


EntryAnswer = Annotated[
    SignedIn | SecondFactorAsked | Refused,
    strawberry.union("EntryAnswer", description="Tokens, a second-factor challenge, or a refusal."),
]
SignedInAnswer = Annotated[
    SignedIn | Refused, strawberry.union("SignedInAnswer", description="Tokens or a refusal.")
]
DoneAnswer = Annotated[Done | Refused, strawberry.union("DoneAnswer", description="Success or a refusal.")]


def entered(found: Entry) -> SignedIn | SecondFactorAsked | Refused:
    """What comes of showing a password or an identity, as the API shows it."""
    if isinstance(found, SecondFactorRequired):
        return SecondFactorAsked(challenge=found.challenge, expires_in=found.expires_in)
    return granted(found)


def granted(found: Granted | Refusal) -> SignedIn | Refused:
    """Tokens as the API shows them."""
    if isinstance(found, Refusal):
        return Refused.of(found)
    return SignedIn(
        access_token=found.access_token or None,
        refresh_token=found.refresh_token or None,
        csrf_token=found.csrf_token or None,
        expires_in=found.expires_in,
        account_id=found.account_id,
        session_id=found.session_id,
        tenant_id=found.tenant_id,
    )


def done(refusal: Refusal | None) -> Done | Refused:
    """What was done, or why not."""
    return Done(ok=True) if refusal is None else Refused.of(refusal)
