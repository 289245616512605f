"""Mail: who wants none that others cause, and what left within the last days."""

from alembic import op

from migrations.scripts import script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("mail", "tables.sql")


def downgrade() -> None:
    op.execute("drop schema mail cascade")
