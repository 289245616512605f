"""Processes: how far they have read, their instances' state, their timers, and the ledger of their effects."""

from alembic import op

from migrations.scripts import script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("processes", "tables.sql")


def downgrade() -> None:
    """Drops the ledger too: what was done before would be done again by processes that are enrolled anew."""
    op.execute("drop schema processes cascade")
