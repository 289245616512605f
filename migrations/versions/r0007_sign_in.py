"""Signing in: attempts that were made, what may be used once, and the keys that sign tokens."""

from alembic import op

from migrations.scripts import script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("auth", "tables.sql")


def downgrade() -> None:
    """The schema stays, for views have tables in it."""
    op.execute("drop function auth.attempt")
    op.execute("drop table auth.attempts, auth.spent, auth.signing_keys")
