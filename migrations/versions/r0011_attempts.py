"""Attempts counted in a window that slides, and the places from which people have signed in before."""

from alembic import op

from migrations.scripts import script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("auth", "attempts.sql")


def downgrade() -> None:
    """Attempts that were counted are forgotten; nobody stays locked out by them."""
    op.execute("drop function auth.attempt")
    op.execute("drop table auth.attempts, auth.familiar")
    script("auth", "attempts_before.sql")
