"""Accesses by operators at the command line: who they are to the machine."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table audit.data_access add column asked_by text")
    op.execute("comment on column audit.data_access.asked_by is 'Who ran a command: account and machine.';")
    op.execute(
        """comment on column audit.data_access.kind is
           'How they showed who they are: person, service, key, nobody, or operator on a machine.';"""
    )


def downgrade() -> None:
    op.execute("alter table audit.data_access drop column asked_by")
