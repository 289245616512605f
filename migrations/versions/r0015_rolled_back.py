"""Rollbacks by view: when readers were sent back from what a rebuild had made, and who asked for it."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table ops.rebuild_views add column rolled_back_at timestamptz, add column rolled_back_by text"
    )


def downgrade() -> None:
    op.execute("alter table ops.rebuild_views drop column rolled_back_at, drop column rolled_back_by")
