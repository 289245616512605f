"""The readers' role reads nothing that names tenants but by policies: neither what was parked nor the rebuilds."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = "ops.rebuilds, ops.rebuild_views, ops.parked, ops.discarded"


def upgrade() -> None:
    op.execute(f"revoke select on {_TABLES} from headwater_reader")


def downgrade() -> None:
    op.execute(f"grant select on {_TABLES} to headwater_reader")
