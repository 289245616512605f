"""Deliveries of webhooks by what tells them apart, so that those of an event are found among many."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index ledger_deliveries on processes.ledger using hash (key) where instance like '%/%'"
    )


def downgrade() -> None:
    op.execute("drop index processes.ledger_deliveries")
