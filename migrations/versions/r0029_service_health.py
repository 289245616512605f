"""What each process of the product says of itself once a minute."""

from alembic import op

from migrations.scripts import script

revision = "0029"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("operations", "service_health.sql")


def downgrade() -> None:
    op.execute("drop table ops.service_health")
