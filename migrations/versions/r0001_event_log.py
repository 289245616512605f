"""The event log: events, streams, commands, reservations, snapshots, and the only way to append."""

from alembic import op

from migrations.scripts import script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    script("event_log", "tables.sql")
    script("event_log", "guards.sql")
    script("event_log", "extend.sql")
    script("event_log", "append.sql")
    script("event_log", "read.sql")


def downgrade() -> None:
    """Drops the log with all it holds. The schema stays, for it holds the record of migrations too."""
    op.execute("drop function es.read_streams, es.append, es.prepare, es.extend, es.seal")
    op.execute("drop table es.events, es.event_ids, es.streams, es.commands, es.reservations, es.snapshots")
    op.execute("drop table es.partitions, es.partitioning")
    op.execute("drop function es.refuse, es.tenant")
