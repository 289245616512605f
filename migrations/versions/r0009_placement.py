"""Placement: where each tenant's data lie, and which tenants may no longer be written in this database."""

from alembic import op

from migrations.scripts import script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("placement", "tables.sql")


def downgrade() -> None:
    """Forgets where silo tenants are; their databases stay."""
    op.execute(
        "create or replace function es.tenant() returns uuid language sql stable"
        " return nullif(current_setting('headwater.tenant', true), '')::uuid"
    )
    op.execute("drop trigger placed on es.commands")
    op.execute("drop schema placement cascade")
