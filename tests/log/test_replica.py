"""A replica holds each event of a log once, as it is stored, whatever is killed or away."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from app.embedded.postgres import Postgres
from app.log import replica
from app.log.postgres import PostgresLog
from app.settings import Settings, replica_address
from app.storage.database import Connection
from projections.kit.read.unavailable import is_away
from tests.kit.processes import until
from tests.kit.servers import SECRET
from tests.log.appends import TENANT, command, event
from tests.operations.command_line import CommandLine

pytestmark = pytest.mark.servers

NAME = "replica_of_a_log"
UNPROTECTED = """
drop trigger append_only on headwater_replica.events;
drop function headwater_replica.refuse;
"""
"""A replica as it was set up first."""
_AWAY = """
select pg_terminate_backend(pid) from pg_stat_activity
 where application_name = 'headwater replicate' and datname = current_database()
"""


@pytest.fixture
async def empty(postgres: Postgres) -> AsyncIterator[Connection]:
    """A database in which nothing was made."""
    server = await asyncpg.connect(postgres.url)
    await server.execute(f"drop database if exists {NAME} with (force)")
    await server.execute(f"create database {NAME}")
    connection = await asyncpg.connect(postgres.database_url(NAME))
    yield connection
    await connection.close()
    await server.execute(f"drop database {NAME} with (force)")
    await server.close()


@pytest.fixture
def headwater(postgres: Postgres, database_url: str, tmp_path: Path) -> CommandLine:
    """The command line of whoever operates this log."""
    to = postgres.database_url(NAME)
    return CommandLine(Settings(database_url=database_url, secret=SECRET, replica_url=to, data_dir=tmp_path))


async def appended(log: PostgresLog, number: int) -> int:
    """Append so many events; the position of the last."""
    for _ in range(number // 500):
        await asyncio.gather(*(log.append(command(*(event() for _ in range(10)))) for _ in range(50)))
    return await log.head()


async def rows(connection: Connection, table: str) -> list[str]:
    """The rows of a table of events, as text."""
    found = await connection.fetch(f"select e::text from {table} e order by position")
    return [row[0] for row in found]


async def position(connection: Connection) -> int:
    """How far a replica is; 0 before there is one."""
    try:
        return int(await connection.fetchval("select position from headwater_replica.progress"))
    except asyncpg.PostgresError:
        return 0


async def started(headwater: CommandLine) -> asyncio.subprocess.Process:
    """The command as a process of its own, which goes on until it is ended."""
    environment = {**os.environ, **headwater.settings.environ()}
    return await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("headwater"),
        "replicate",
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_each_event_is_there_once_whatever_is_killed_or_away(
    headwater: CommandLine, log: PostgresLog, owner: Connection, empty: Connection
) -> None:
    end = await appended(log, 5_000)
    process = await started(headwater)

    async def at_the_end() -> bool:
        assert process.returncode is None, await process.communicate()
        return await position(empty) == end

    try:

        async def begun() -> bool:
            assert process.returncode is None, await process.communicate()
            return await position(empty) > 0

        await until(begun, seconds=120)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        end = await appended(log, 5_000)
        assert 0 < await position(empty) < end
        process = await started(headwater)
        await until(at_the_end, seconds=120)
        # Its connections are broken, both, and it goes on.
        for connection in (owner, empty):

            async def broken(connection: Connection = connection) -> bool:
                assert process.returncode is None, await process.communicate()
                return bool(await connection.fetch(_AWAY))

            await until(broken, seconds=120)
            end = await appended(log, 1_000)

        await until(at_the_end, seconds=120)
        copied = await empty.fetchval("select copied_at from headwater_replica.progress")

        async def looked_again() -> bool:
            # By then it has said that it was answered.
            return bool(await empty.fetchval("select copied_at > $1 from headwater_replica.progress", copied))

        await until(looked_again, seconds=120)
    finally:
        if process.returncode is None:
            process.kill()
    _, errors = await process.communicate()
    assert "headwater: the database could not be reached: " in errors.decode()
    assert "headwater: it answers again." in errors.decode()
    assert await rows(empty, "headwater_replica.events") == await rows(owner, "es.events")


async def test_once_copies_up_to_now_and_says_how_far_it_is(
    headwater: CommandLine, log: PostgresLog, empty: Connection
) -> None:
    end = await appended(log, 500)
    lacking = await asyncio.to_thread(headwater, "replicate", "--lag", "--json")
    assert (lacking.code, lacking.json["refused"]["code"]) == (1, "replica_refused")
    said = await asyncio.to_thread(headwater, "replicate", "--once", "--json")
    assert said.code == 0, said
    assert (said.code, said.json["position"], said.json["behind"]) == (0, end, 0), said
    end = await appended(log, 500)
    said = await asyncio.to_thread(headwater, "replicate", "--lag", "--json")
    assert (said.code, said.json["head"], said.json["behind"]) == (0, end, 500), said
    assert await position(empty) == end - 500
    # One from before its events were kept from change is protected as soon as it is filled.
    await empty.execute(UNPROTECTED)
    assert (await asyncio.to_thread(headwater, "replicate", "--once")).code == 0
    with pytest.raises(asyncpg.RaiseError, match="neither changed nor removed"):
        await empty.execute("delete from headwater_replica.events where position = 2")


async def test_a_database_that_holds_something_else_is_refused(
    headwater: CommandLine, log: PostgresLog, empty: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "_ENDING", 0.0)
    await log.append(command(event(payload=json.dumps({"title": "kept"}).encode()), tenant=TENANT))
    await empty.execute("create table theirs (id int)")
    said = await asyncio.to_thread(headwater, "replicate", "--once")
    assert (said.code, "public.theirs" in said.err) == (1, True), said
    await empty.execute("drop table theirs")
    assert (await asyncio.to_thread(headwater, "replicate", "--once")).code == 0
    # Nor is another log put into it, nor one by two at once.
    other = "update headwater_replica.events set event_id = gen_random_uuid() where position = 1"
    with pytest.raises(asyncpg.RaiseError, match="neither changed nor removed"):
        await empty.execute(other)
    await empty.execute("alter table headwater_replica.events disable trigger all")
    await empty.execute(other)
    said = await asyncio.to_thread(headwater, "replicate", "--once")
    assert (said.code, "another log" in said.err) == (1, True), said
    await empty.execute("select pg_advisory_lock(7311902764031)")
    said = await asyncio.to_thread(headwater, "replicate", "--once")
    assert (said.code, "Somebody else" in said.err) == (1, True), said
    nowhere = CommandLine(replace(headwater.settings, replica_url=""))
    said = await asyncio.to_thread(nowhere, "replicate")
    assert (said.code, "HEADWATER_REPLICA_URL" in said.err) == (1, True), said


@pytest.mark.parametrize(
    "altered",
    [
        "delete from {0}.events where position > (select max(position) - 3 from {0}.events)",
        "delete from {0}.events where position < 3",
        "delete from {0}.events",
        "update {0}.progress set position = position - 3",
        "delete from {0}.progress",
        "drop table {0}.events",
        UNPROTECTED + "delete from {0}.events where position = 2",
    ],
)
async def test_a_replica_that_lacks_what_it_should_hold_is_refused(
    headwater: CommandLine, log: PostgresLog, empty: Connection, altered: str
) -> None:
    """What was removed from it would be lacking for good, and it would say that nothing is behind."""
    await appended(log, 500)
    assert (await asyncio.to_thread(headwater, "replicate", "--once")).code == 0
    await empty.execute("alter table headwater_replica.events disable trigger all")
    await empty.execute(altered.format("headwater_replica"))
    said = await asyncio.to_thread(headwater, "replicate", "--once")
    assert (said.code, "does not hold what it should" in said.err) == (1, True), said


async def test_an_address_that_is_typed_keeps_the_rule_of_the_setting(
    headwater: CommandLine, empty: Connection
) -> None:
    insisting = CommandLine(replace(headwater.settings, internal_tls="on"))
    for wrong in ("postgresql://replica.example/x", "https://replica.example/x"):
        said = await asyncio.to_thread(insisting, "replicate", "--once", "--to", wrong)
        assert (said.code != 0, "--to must be" in said.err) == (True, True), said
    said = await asyncio.to_thread(insisting, "replicate", "--once", "--to", headwater.settings.replica_url)
    assert said.code == 0, said
    vouched = replace(insisting.settings, tls_ca="/tls/ca.pem")
    address = replica_address(vouched, "postgresql://replica.example/x?sslmode=verify-full")
    assert address.endswith("&ssl_min_protocol_version=TLSv1.3&sslrootcert=%2Ftls%2Fca.pem")


async def test_a_replica_that_hangs_is_let_go_of_and_filled_when_it_answers(
    headwater: CommandLine, log: PostgresLog, empty: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = await appended(log, 500)
    settings = headwater.settings
    copying = replica.Replica(settings.database_url, settings.secret, settings.replica_url)
    try:
        while (await copying.copy()).behind:
            pass
        with monkeypatch.context() as patch:
            patch.setattr(replica, "_PAGE_SECONDS", 0.5)
            async with empty.transaction():
                await empty.execute("lock table headwater_replica.progress")
                with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresConnectionError)) as error:
                    await copying.copy()
        assert is_away(error.value)
        assert (await appended(log, 500), (await copying.copy()).position) == (end + 500, end + 500)
    finally:
        copying.close()
