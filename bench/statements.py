"""Statements: what a lone command, and a time in which nothing happens, cost the server, with API and worker."""

import argparse
import asyncio
from dataclasses import astuple, dataclass
from uuid import uuid4

import asyncpg

from app.composition.write_side import written
from app.embedded.opensearch import free_port
from app.embedded.postgres import Postgres
from app.settings import Settings
from bench.place import SECRET, migrated_database, postgres, run, valkey
from bench.sides import product
from bench.table import show
from domain.identity.registration import RegisterUser
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.refusals import require
from domain.work.task_commands import CreateTask

COMMANDS = 10
_PAUSE = 2.0
"""Seconds after each command, in which all that follows it is done."""
# A transaction that writes takes a number. What this connection asks is read by nobody else, and left out.
_COUNTED = """
select coalesce(sum(calls) filter (where query not ilike all (array['begin%', 'commit%', 'rollback%'])), 0)::bigint
           as statements,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint as commits,
       (select sum(fsyncs) from pg_stat_io where object = 'wal')::bigint as fsyncs
  from pg_stat_statements where query not like '%pg_stat_statements%'
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the server did."""

    statements: float
    commits: float
    """Transactions that wrote something."""
    fsyncs: float
    """Of its log."""

    def less(self, other: "Counted", times: float = 1) -> "Counted":
        """What is more than so many times the other."""
        mine, others = astuple(self), astuple(other)
        return Counted(*(own - times * their for own, their in zip(mine, others, strict=True)))

    def by(self, number: float) -> "Counted":
        """The same for each of so many."""
        return Counted(*(own / number for own in astuple(self)))


async def main(seconds: float) -> None:
    """Count while nothing happens, then while a task is created now and then."""
    async with postgres() as server, valkey() as redis:
        await _counting(server)
        url = await migrated_database(server, "ours")
        settings = Settings(database_url=url, redis_url=redis.url, secret=SECRET, port=free_port())
        async with product(settings) as side, written(settings) as writes:
            assert side.tenant_id is not None
            by = Caller(tenant_id=side.tenant_id, user_id=uuid4(), permissions=ROLES["owner"])
            connection = await asyncpg.connect(url)
            await connection.execute("create extension pg_stat_statements")
            # What is done at the start, and once for all by the first command, is over then.
            registered = RegisterUser(id=by.user_id, email="ann@example.com", first_name="Ann")
            for command in (registered, CreateTask(id=uuid4(), title="First")):
                require(await writes.bus.send(command, by=by))
            await asyncio.sleep(15)
            before = await _count(connection)
            await asyncio.sleep(seconds)
            idle = (await _count(connection)).less(before).by(seconds)
            before = await _count(connection)
            for number in range(COMMANDS):
                require(await writes.bus.send(CreateTask(id=uuid4(), title=f"Task {number}"), by=by))
                await asyncio.sleep(_PAUSE)
            busy = (await _count(connection)).less(before)
            await connection.close()
    lone = busy.less(idle, COMMANDS * _PAUSE).by(COMMANDS)
    lines = [
        (name, *(f"{value:.1f}" for value in astuple(counted)))
        for name, counted in (("a lone CreateTask", lone), ("a second in which nothing happens", idle))
    ]
    show("What the server does", ("", "statements", "commits that write", "fsyncs of the log"), lines)


async def _counting(server: Postgres) -> None:
    """Have the server count statements, which it does from its next start on."""
    connection = await asyncpg.connect(server.database_url("postgres"))
    await connection.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
    await connection.close()
    await server.stop()
    server.start()
    await server.ready()


async def _count(connection: "asyncpg.Connection[asyncpg.Record]") -> Counted:
    row = await connection.fetchrow(_COUNTED)
    assert row is not None, "an aggregate without groups is one row"
    return Counted(*row)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60, help="in which nothing happens")
    run(main(arguments.parse_args().seconds))
