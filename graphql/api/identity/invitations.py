"""Invitations: who was asked to join the tenant, and what became of it."""

from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum

import strawberry

from api.identity.users import User
from api.kit.model import ComputedField, Node, Refusal, Resource, Sending, Sent, derived, enum, linked, shows
from domain.identity import invitations as domain
from projections.identity.admission import InvitationRow, Invitations
from projections.identity.people import People


@strawberry.enum(name="InvitationStatus", description="The status of an invitation.")
class Standing(Enum):
    """What became of an invitation; time makes one expire, and no event."""

    OPEN = "open"
    """It can be accepted."""
    EXPIRED = "expired"
    """Its time is over; another one can be sent."""
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    """It was taken back."""


enum(Standing)

_STANDING = "case when status = 'open' and expires_at <= clock_timestamp() then 'expired' else status end"


def standing(row: InvitationRow) -> Standing:
    return Standing.EXPIRED if _is_over(row) else Standing(row.status.value)


def _is_over(row: InvitationRow) -> bool:
    return row.status is domain.InvitationStatus.OPEN and row.expires_at <= datetime.now(UTC)


@shows(
    InvitationRow,
    needs="users:write",
    leave_out=("invited_by", "user_id", "email_key", "vouched_by", "replaces", "status"),
)
class Invitation(Node):
    """An invitation to join the tenant."""

    status = derived(
        Standing,
        standing,
        "The status; an open invitation that is past its time is `EXPIRED`.",
    )
    inviter = linked(User, People, "invited_by", "Who sent it; null when the system did.")
    user = linked(User, People, "user_id", "The user who accepted it.")


_invitations = Resource(Invitation, Invitations, read="users:write", write="users:write")
_invitations.filter(
    computed={"status": ComputedField(Standing, _STANDING, standing, "What became of it.")},
)


async def _invite(sending: Sending) -> Sent | Refusal:
    ask = sending.ask
    # What is wrong with the input is told before anybody is looked for by it.
    stated = await sending.command(domain.InviteUser, token_hash="0" * 64)
    prepared = await ask.port(domain.Inviting).prepared(ask.caller, sending.new_id, stated.email, stated.role)
    # An open invitation may hold the address that was not there when this one was prepared.
    return await sending.send(
        replace(stated, token_hash=prepared.token_hash, replaces_id=prepared.replaces_id)
    )


@strawberry.type
class Query:
    invitations = _invitations.list("Who was invited to the tenant, by pages.", orders=("sent_at",))


@strawberry.type
class Mutation:
    invite_user = _invitations.mutation(
        domain.InviteUser, send=_invite, leave_out=("token_hash", "replaces_id")
    )
    withdraw_invitation = _invitations.mutation(domain.WithdrawInvitation)
