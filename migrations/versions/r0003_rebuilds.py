"""Generations that are built beside the live one, the rebuilds they belong to, and streams that are parked."""

from alembic import op

from migrations.scripts import script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("operations", "rebuilds.sql")


def downgrade() -> None:
    op.execute("drop table ops.discarded, ops.parked, ops.rebuild_views, ops.rebuilds")
    op.execute("drop function ops.serving(text, int)")
    op.execute(
        "alter table ops.lanes drop column phase, drop column served_at, drop column tenant_id,"
        " drop column drop_at, drop column mended, drop column leaves_out"
    )
    op.execute("alter table ops.workers drop column kind")
