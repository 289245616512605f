"""The durable schema: made once whoever asks, taken back, and changed outside a transaction."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from app.embedded.postgres import Postgres
from app.log.postgres import PostgresLog
from app.storage.database import READER, WRITER, Database, role_password, role_url
from app.storage.migrate import VERSIONS, MigrationRefused, migrate, revert
from tests.kit.servers import SECRET
from tests.log.appends import command, event, stored

_INDEX = '''
"""Builds an index while the log is written to."""

from alembic import op

revision = "9001"
down_revision = "{newest}"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("create index concurrently commands_last on es.commands (last)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently es.commands_last")
'''


@pytest.fixture
async def empty(postgres: Postgres) -> AsyncIterator[str]:
    """The owner's URL of a database in which nothing has been made."""
    connection = await asyncpg.connect(postgres.url)
    await connection.execute("drop database if exists empty with (force)")
    await connection.execute("create database empty")
    yield postgres.database_url("empty")
    await connection.execute("drop database empty with (force)")
    await connection.close()


async def _fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_processes_may_migrate_at_once(empty: str) -> None:
    await asyncio.gather(*(migrate(empty, secret=SECRET) for _ in range(3)))
    database = await Database.open(empty, secret=SECRET)
    log = PostgresLog(database)
    stored(await log.append(command(event())))
    await log.close()
    await database.close()


async def test_goes_back_and_forth(empty: str) -> None:
    await migrate(empty, secret=SECRET)
    await revert(empty, secret=SECRET, to="base")
    tables = "select string_agg(relname, ' ') from pg_class where relnamespace = 'es'::regnamespace"
    assert await _fetch(empty, tables + " and relkind in ('r', 'p')") == "migrations"
    assert await _fetch(empty, "select count(*) from pg_proc where pronamespace = 'es'::regnamespace") == 0
    await migrate(empty, secret=SECRET)
    assert await _fetch(empty, "select count(*) from es.events") == 0


async def test_no_later_step_says_otherwise_of_a_column_than_the_comments_do(empty: str) -> None:
    """They are run again for what comes to them, and must not take back what was said since."""
    await migrate(empty, secret=SECRET)
    script = (VERSIONS.parent / "comments.sql").read_text()
    said = re.findall(r"comment on column (\w+\.\w+)\.(\w+) is '((?:[^']|'')*)';", script)
    connection = await asyncpg.connect(empty)
    found = """select col_description(attrelid, attnum) from pg_attribute
                where attrelid = $1::text::regclass and attname = $2"""
    kept = [(table, name, await connection.fetchval(found, table, name)) for table, name, _ in said]
    await connection.close()
    assert len(said) > 100
    assert [row for row in kept if row[2] is not None] == [
        (table, name, text.replace("''", "'"))
        for (table, name, text), row in zip(said, kept, strict=True)
        if row[2] is not None
    ]


async def test_a_step_may_run_outside_a_transaction(empty: str, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    shutil.copytree(VERSIONS, versions)
    newest = ScriptDirectory(str(VERSIONS.parent)).get_current_head()
    assert newest is not None
    (versions / "r9001_index.py").write_text(_INDEX.format(newest=newest))
    exists = "select to_regclass('es.commands_last') is not null"
    # Two at once: the one that waits must not hold a snapshot that the index waits for.
    await asyncio.gather(*(migrate(empty, secret=SECRET, versions=versions) for _ in range(2)))
    assert await _fetch(empty, exists)
    await revert(empty, secret=SECRET, to=newest, versions=versions)
    assert not await _fetch(empty, exists)
    assert await _fetch(empty, "select version_num from es.migrations") == newest


async def test_the_roles_log_in_with_the_password_that_follows_from_the_secret(empty: str) -> None:
    await migrate(empty, secret=SECRET)
    for role in (READER, WRITER):
        verifier = await _fetch(empty, f"select rolpassword from pg_authid where rolname = '{role}'")
        assert str(verifier).startswith("SCRAM-SHA-256$4096:")
        assert role_password(SECRET, role) not in str(verifier)


async def test_refuses_to_lock_out_an_installation_with_another_secret(empty: str) -> None:
    await migrate(empty, secret=SECRET)
    other = "another secret that is long enough, 32+"
    with pytest.raises(MigrationRefused, match="another HEADWATER_SECRET"):
        await migrate(empty, secret=other)
    try:
        await migrate(empty, secret=other, new_secret=True)
        with pytest.raises(MigrationRefused):
            await migrate(empty, secret=SECRET)
    finally:
        await migrate(empty, secret=SECRET, new_secret=True)


async def test_refuses_a_role_that_may_see_everything(empty: str) -> None:
    connection = await asyncpg.connect(empty)
    await migrate(empty, secret=SECRET)
    await connection.execute("alter role headwater_reader bypassrls")
    try:
        with pytest.raises(MigrationRefused):
            await migrate(empty, secret=SECRET)
    finally:
        await connection.execute("alter role headwater_reader nobypassrls")
        await connection.close()


@pytest.mark.parametrize(
    ("owner", "place"),
    [
        ("postgresql://me:pw@db.example:5433/app?sslmode=require", "@db.example:5433/app?sslmode=require"),
        ("postgresql+asyncpg://me@/app?host=/run/pg&user=me", "@/app?host=%2Frun%2Fpg"),
        ("postgres://db.example/app", "@db.example/app"),
    ],
)
def test_a_roles_url_leads_to_the_same_place(owner: str, place: str) -> None:
    url = role_url(owner, READER, SECRET)
    assert url.partition("://")[2] == f"{READER}:{role_password(SECRET, READER)}{place}"
