"""Invitations: who was asked to join the tenant, and what became of it."""

from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.identity.commands import ids, sent
from api.identity.people import Person
from api.kit.schema.commands import COMMAND_ID, Refused, receipt, sends
from api.kit.schema.connections import listed
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, derived, field, linked
from api.kit.schema.node_types import Node, shows, takes
from api.kit.schema.scalars import Position
from domain.identity import invitations as domain
from domain.kit.refusals import AlreadyTaken, Refusal
from projections.identity.admission import InvitationRow, Invitations
from projections.identity.people import People
from projections.kit.read.conditions import Condition, one_of
from projections.kit.read.postgres_reader import Order


@strawberry.enum(name="InvitationStatus", description="The status of an invitation.")
class Standing(Enum):
    """What became of an invitation; time makes one expire, and no event."""

    OPEN = "open"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


_STANDING = "case when status = 'open' and expires_at <= clock_timestamp() then 'expired' else status end"


@shows(
    InvitationRow,
    needs="people:write",
    leave_out=("invited_by", "user_id", "email_key", "vouched_by", "replaces", "status"),
)
class Invitation(Node):
    """An invitation to join the tenant."""

    status = derived(
        Standing,
        lambda row: Standing.EXPIRED if _is_over(row) else Standing(row.status.value),
        "The status; an open invitation that is past its time is `EXPIRED`.",
    )
    inviter = linked(Person, People, "invited_by", "Who sent it; null when the system did.")
    person = linked(Person, People, "user_id", "The person who accepted it.")


@strawberry.input(description="Which invitations to list: those that meet all that is given.")
class InvitationFilter:
    """What the listed invitations must meet."""

    status: list[Standing] | None = strawberry.field(default=None, description="Any of these.")

    def conditions(self) -> list[Condition]:
        wanted = None if self.status is None else [one.value for one in self.status]
        return one_of(_STANDING, wanted)


def _is_over(row: InvitationRow) -> bool:
    return row.status is domain.InvitationStatus.OPEN and row.expires_at <= datetime.now(UTC)


InvitationReceipt = receipt(Invitation, Invitations, name="invitation")
_InviteUser: Any = takes(domain.InviteUser, leave_out=("token_hash", "replaces_id"))
_Receipt: Any = InvitationReceipt
_Answer = Annotated[
    _Receipt | Refused, strawberry.union("InvitationAnswer", description="A receipt or a refusal.")
]


@strawberry.type
class Query:
    invitations = listed(
        Invitation,
        Invitations,
        filter=InvitationFilter,
        orders={"SENT_AT": Order("sent_at")},
        description="Who was invited to the tenant, by pages.",
        needs="people:write",
    )


@strawberry.type
class Mutation:
    @field("Invite a person by e-mail, in a role whose permissions you hold.", _Answer, needs="people:write")
    async def invite_user(
        self,
        info: Info,
        input: Annotated[_InviteUser, argument("The command's input.")],  # pyright: ignore[reportInvalidTypeForm]
        command_id: Annotated[UUID | None, argument(COMMAND_ID)] = None,
    ) -> Any:
        chosen, id = ids(input, command_id)
        try:
            role = domain.InviteUser.role if input.role is strawberry.UNSET else input.role
            inviting = info.context.port(domain.Inviting)
            made = await inviting.prepared(info.context.caller, id, input.email, role)
        except Refusal as refusal:
            return Refused.of(refusal)
        outcome = await sent(
            info,
            domain.InviteUser,
            input,
            chosen,
            token_hash=made.token_hash,
            replaces_id=made.replaces_id,
        )
        if isinstance(outcome, Refused):
            # An open invitation holds the address; it was not there when this one was prepared.
            taken = outcome.code == AlreadyTaken.code
            return Refused.of(domain.AlreadyInvited(field="email")) if taken else outcome
        return _Receipt(
            command_id=chosen, position=Position(outcome.last), repeated=outcome.repeated, target=id
        )

    withdraw_invitation = sends(domain.WithdrawInvitation, InvitationReceipt, needs="people:write")
