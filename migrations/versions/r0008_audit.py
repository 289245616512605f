"""Audit: who read what, by months, and what stays of a month that was dropped."""

from alembic import op

from migrations.scripts import script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("audit", "tables.sql")


def downgrade() -> None:
    """Drops the record of who read what. The schema stays, for a view of the same name's schema lies in it."""
    op.execute("drop table audit.data_access, audit.retention, audit.anchors cascade")
    op.execute("drop function audit.make_month, audit.refuse")
