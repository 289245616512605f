"""The probe that says whether the database is away."""

import asyncpg

from app.settings import Settings
from app.storage.database import Connection, plain_url
from app.storage.database_probe import DatabaseProbe
from projections.kit.background import running
from tests.kit.processes import until


async def test_a_connection_that_breaks_alone_says_nothing_of_the_server(settings: Settings) -> None:
    """At whatever moment, also while it is asked: nobody's request is ended for it."""
    url, answered = plain_url(settings.database_url), list[Connection]()

    async def connect() -> Connection:
        connection = await asyncpg.connect(url)
        connection.add_query_logger(lambda query: answered.append(connection))
        return connection

    probe, other = DatabaseProbe(connect, pause=0), await asyncpg.connect(url)
    async with running(probe.run, name="probe"):
        await until(lambda: bool(answered))
        async with probe.guard():
            for _ in range(50):
                broken = answered[-1]
                await other.execute("select pg_terminate_backend($1)", broken.get_server_pid())
                await until(lambda broken=broken: answered[-1] is not broken)  # type: ignore[misc]
        assert not probe.away
    await other.close()
