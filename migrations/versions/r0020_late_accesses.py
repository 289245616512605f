"""Accesses recorded where a tenant is about to leave, or has left: noted, so that they are taken along."""

from alembic import op

from migrations.scripts import script

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("placement", "late_accesses.sql")


def downgrade() -> None:
    op.execute("drop trigger late on audit.data_access")
    op.execute("drop function placement.note_accesses")
    op.execute("alter table placement.away drop column accesses_from, drop column accesses_noted")
