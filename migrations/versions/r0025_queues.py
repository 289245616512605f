"""Queues: the open rows of a process by what their instances' names begin with, so that each has its turn."""

from alembic import op

revision = "0025"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index ledger_queues on processes.ledger (process, tenant_id, split_part(instance, '/', 1)) "
        "where finished_at is null"
    )
    op.execute(
        "create index ledger_queue_due on processes.ledger "
        "(process, tenant_id, split_part(instance, '/', 1), next_at, id) where status = 'pending'"
    )
    op.execute(
        "create index ledger_of_queue on processes.ledger (process, tenant_id, split_part(instance, '/', 1), id) "
        "where instance like '%/%'"
    )
    op.execute("create index ledger_finished on processes.ledger (process, finished_at)")


def downgrade() -> None:
    op.execute("drop index processes.ledger_finished")
    op.execute("drop index processes.ledger_of_queue")
    op.execute("drop index processes.ledger_queue_due")
    op.execute("drop index processes.ledger_queues")
