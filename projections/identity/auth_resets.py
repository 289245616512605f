"""Password resets that were asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.resets import PasswordReset
from domain.kit.fields import Describe, Internal, Len, Public, Restricted
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.declare.view import on


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRow:
    """A link to set a new password."""

    id: Annotated[UUID, Public(), Describe("Its id.")]
    user_id: Annotated[UUID, Public(), Describe("Whose password.")]
    token_hash: Annotated[str, Len(max_length=64), Restricted(), Describe("Hash of the mailed token.")]
    expires_at: Annotated[datetime, Internal(), Describe("Until when it can be used.")]
    used: Annotated[bool, Internal(), Describe("Whether it was used.")]
    created_at: Annotated[datetime, Internal(), Describe("When it was requested.")]


class PasswordResets(PostgresView[PasswordResetRow], name="auth.password_resets", version=1, inline=True):
    """Every asking for a new password."""

    indexes = (
        Index("idx_password_resets_user", ("user_id", "created_at")),
        Index("idx_password_resets_token_hash", ("token_hash",), unique=True),
    )

    @on(PasswordReset.Requested)
    def requested(self, row: None, event: PasswordReset.Requested) -> PasswordResetRow:
        return PasswordResetRow(
            id=event.originator_id,
            user_id=event.account_id,
            token_hash=event.token_hash,
            expires_at=event.expires_at,
            used=False,
            created_at=event.timestamp,
        )

    @on(PasswordReset.Used)
    def used(self, row: PasswordResetRow, event: PasswordReset.Used) -> PasswordResetRow:
        return replace(row, used=True)
