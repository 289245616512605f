"""Deliveries of webhooks by what tells them apart, so that those of an event are found among many."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Of a try that was cut off a useless index is left.
        op.execute("drop index concurrently if exists processes.ledger_deliveries")
        op.execute(
            "create index concurrently ledger_deliveries on processes.ledger using hash (key) "
            "where instance like '%/%'"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently processes.ledger_deliveries")
