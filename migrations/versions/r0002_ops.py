"""What is known about views while they are followed: live generations, lanes, workers."""

from alembic import op

from migrations.scripts import script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("operations", "tables.sql")


def downgrade() -> None:
    op.execute("drop schema ops cascade")
