"""Alembic's entry: runs on the connection that app.storage.migrate hands over, one transaction per revision."""

from alembic import context
from sqlalchemy import Connection


def run() -> None:
    """Run the revisions asked for; a revision that cannot run in a transaction uses ``autocommit_block``."""
    connection = context.config.attributes.get("connection")
    if not isinstance(connection, Connection):
        raise RuntimeError(
            "Run migrations through app.storage.migrate, which holds the lock and makes the roles."
        )
    context.configure(
        connection=connection,
        version_table="migrations",
        version_table_schema="es",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
