"""The keys under which personal data is sealed: those of tenants and those of people, each wrapped."""

from alembic import op

from migrations.scripts import script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("keys", "tables.sql")


def downgrade() -> None:
    """Drops every key: all that was sealed is unreadable for good."""
    op.execute("drop schema keys cascade")
