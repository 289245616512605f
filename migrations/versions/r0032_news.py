"""News of what changes seldom, for processes that know it in memory."""

from alembic import op

from migrations.scripts import script

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("operations", "news.sql")


def downgrade() -> None:
    for name, table in (
        ("tell_news", "ops.views"),
        ("tell_news", "ops.lanes"),
        ("tell_work", "ops.lanes"),
        ("tell_work", "ops.rebuilds"),
        ("tell_news", "placement.tenants"),
    ):
        op.execute(f"drop trigger {name} on {table}")
    op.execute("drop function ops.tell_news()")
