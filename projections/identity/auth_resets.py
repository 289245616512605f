"""Password resets that were asked for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.password_resets import PasswordReset
from domain.kit.fields import Describe, Internal, Len, Public, Restricted
from projections.kit.declare.folds import EventField, carried
from projections.kit.model import CreatedAt, Index, PostgresView, Row


class PasswordResetRow(Row):
    """A link to set a new password."""

    id: Annotated[UUID, Public(), Describe("Its id.")]
    user_id: Annotated[UUID, Public(), Describe("Whose password.")]
    token_hash: Annotated[str, Len(max_length=64), Restricted(), Describe("Hash of the mailed token.")]
    expires_at: Annotated[datetime, Internal(), Describe("Until when it can be used.")]
    used: Annotated[bool, Internal(), Describe("Whether it was used.")]
    created_at: Annotated[CreatedAt, Internal(), Describe("When it was requested.")]


class PasswordResets(PostgresView[PasswordResetRow], name="auth.password_resets", version=1, inline=True):
    """Every asking for a new password."""

    indexes = (
        Index("idx_password_resets_user", ("user_id", "created_at")),
        Index("idx_password_resets_token_hash", ("token_hash",), unique=True),
    )

    requested = carried(PasswordReset.Requested, first=True, user_id=EventField("account_id"), used=False)

    used = carried(PasswordReset.Used, used=True)
