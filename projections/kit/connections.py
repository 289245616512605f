"""What a connection to Postgres raises."""

import asyncpg

CONNECTION_FAILED: tuple[type[Exception], ...] = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # The driver's word for a server's farewell that comes just as a statement is sent, or while it is answered.
    asyncpg.InternalClientError,
)
"""All that fails by the server or on the way to it, time-outs too; who goes on by itself tries again."""
