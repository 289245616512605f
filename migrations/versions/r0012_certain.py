"""What readers may rely on who ask who sees what: views that lack nothing, but for streams left out."""

from alembic import op

from migrations.scripts import script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("operations", "certain.sql")


def downgrade() -> None:
    op.execute("drop function ops.uncertain")
