"""Accesses by webhooks: how they showed who they are."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """comment on column audit.data_access.kind is
           'How they showed who they are: person, service, key, nobody, webhook, or operator on a machine.';"""
    )


def downgrade() -> None:
    """Leave the comment: what it says holds as well without this revision."""
