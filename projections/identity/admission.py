"""Who may come in besides those who sign in: the invited, and machines with API keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.api_keys import ApiKey, ApiKeyUse
from domain.identity.authorization import BaseRole
from domain.identity.invitations import Invitation, InvitationStatus
from domain.kit.fields import Confidential, Describe, Len, Personal, Restricted
from domain.kit.log import Envelope
from projections.identity.users import found_by
from projections.kit.declare.folds import TIME, carried, on, removed
from projections.kit.model import Check, CreatedAt, Index, PostgresView, Row, replace


class InvitationRow(Row):
    """An invitation to join the tenant."""

    id: Annotated[UUID, Describe("The invitation's id.")]
    email: Annotated[str, Confidential(), Personal(), Describe("The invited e-mail address.")]
    email_key: Annotated[str, Confidential(), Describe("By what the address is found.")]
    role: Annotated[BaseRole, Describe("The role that it offers.")]
    token_hash: Annotated[
        str,
        Len(max_length=64),
        Restricted(),
        Describe("The SHA-256 of the token that the mail carries, in hexadecimal digits."),
    ]
    status: Annotated[InvitationStatus, Describe("What became of it.")] = InvitationStatus.OPEN
    invited_by: Annotated[UUID | None, Describe("Who sent it.")]
    sent_at: Annotated[datetime, Describe("When it was sent.")]
    expires_at: Annotated[datetime, Describe("Until when it can be accepted.")]
    user_id: Annotated[UUID | None, Describe("The user who accepted it.")] = None
    vouched_by: Annotated[UUID | None, Describe("Whose leaving ends it.")] = None
    replaces: Annotated[UUID | None, Describe("The invitation that it took the place of.")] = None


class Invitations(PostgresView[InvitationRow], name="auth.invitations", version=2, inline=True):
    """Every invitation, those that were answered too."""

    checks = (Check("valid_invitation_status", "status in ('open', 'accepted', 'withdrawn')"),)
    indexes = (
        Index("idx_invitations_sent_at", ("sent_at", "id")),
        Index("idx_invitations_email", ("email_key",)),
        Index("idx_invitations_user", ("user_id",), where="user_id is not null"),
    )

    @on(Invitation.Sent, first=True)
    def sent(self, row: None, event: Invitation.Sent, envelope: Envelope) -> InvitationRow:
        return InvitationRow(
            id=event.originator_id,
            email=event.email,
            email_key=found_by(event.email),
            role=event.role,
            token_hash=event.token_hash,
            invited_by=envelope.user_id,
            sent_at=event.timestamp,
            expires_at=event.expires_at,
            vouched_by=event.invited_by,
            replaces=event.replaces,
        )

    accepted = carried(Invitation.Accepted, status=InvitationStatus.ACCEPTED)

    withdrawn = carried(Invitation.Withdrawn, status=InvitationStatus.WITHDRAWN)

    erased = removed(Invitation.Erased)


class ApiKeyRow(Row):
    """A key by which a machine acts for the tenant."""

    id: Annotated[UUID, Describe("The key's id.")]
    name: Annotated[str, Len(max_length=100), Describe("What it is for.")]
    permissions: Annotated[
        tuple[str, ...], Describe("The permissions that it grants, as long as its creator has them.")
    ]
    secret_hash: Annotated[
        str,
        Len(max_length=64),
        Restricted(),
        Describe("The SHA-256 of the whole key, in hexadecimal digits."),
    ]
    created_by: Annotated[UUID, Describe("Who created it.")]
    created_at: CreatedAt
    expires_at: Annotated[datetime, Describe("When it expires.")]
    revoked_at: Annotated[datetime | None, Describe("When it was revoked; null unless it was.")] = None
    last_used_at: Annotated[
        datetime | None, Describe("When it was last used, to within about an hour; null if it was not.")
    ] = None


class ApiKeys(PostgresView[ApiKeyRow], name="auth.api_keys", version=3, inline=True):
    """Every API key, those that are no longer good too."""

    indexes = (
        Index("idx_api_keys_created_at", ("created_at", "id")),
        Index("idx_api_keys_expires_at", ("expires_at", "id")),
    )

    created = carried(ApiKey.Created, first=True)

    revoked = carried(ApiKey.Revoked, revoked_at=TIME)

    @on(ApiKeyUse.Noted, by="key_id")
    def used(self, row: ApiKeyRow | None, event: ApiKeyUse.Noted) -> ApiKeyRow | None:
        return None if row is None else replace(row, last_used_at=event.timestamp)
