"""A second way to append, for one command of one event; the first stays for all others."""

from alembic import op

from migrations.scripts import script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("event_log", "append_one.sql")


def downgrade() -> None:
    op.execute("drop function es.append_one")
