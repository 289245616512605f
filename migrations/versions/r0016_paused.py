"""Views that were paused: since when, and by whom."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table ops.views add column paused_at timestamptz, add column paused_by text")


def downgrade() -> None:
    op.execute("alter table ops.views drop column paused_at, drop column paused_by")
