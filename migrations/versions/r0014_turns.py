"""Turns: the open rows of a process by tenant, in order, so that tenants are served in turn."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index ledger_turns on processes.ledger (process, tenant_id, id) where finished_at is null"
    )


def downgrade() -> None:
    op.execute("drop index processes.ledger_turns")
