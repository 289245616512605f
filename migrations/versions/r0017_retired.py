"""Views that were retired: which store holds what is still to be dropped of a generation."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table ops.lanes add column store text")


def downgrade() -> None:
    op.execute("alter table ops.lanes drop column store")
