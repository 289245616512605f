"""What each table and column holds, for whoever looks at the database, and for the catalogue."""

from migrations.scripts import script

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("comments.sql")


def downgrade() -> None:
    """Leave the comments: what they say holds as well without this revision."""
