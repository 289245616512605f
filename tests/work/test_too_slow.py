"""A question that takes too long is ended, and told to the client as what it is."""

from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import pytest

from app.storage.database import Database
from projections.kit.read.allowance import TookTooLong, allow
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.unavailable import is_cut_off
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created


async def test_readers_that_answer_clients_have_a_limit(client: Client, product: Product) -> None:
    """Asked of the server itself: a page of tasks, made slow by a lock that somebody else holds."""
    await created(client)
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        names = await owner.fetch(
            "select distinct usename from pg_stat_activity where usename = 'headwater_reader'"
        )
        assert names, "the product reads as this role"
        async with owner.transaction():
            table = await owner.fetchval(
                """select format('%I.%I', schemaname, tablename) from pg_tables
                    where tablename = 'tasks' and schemaname like 'tasks%' limit 1"""
            )
            await owner.execute(f"lock table {table} in access exclusive mode")
            answer = (await client.post("{ tasks(first: 1) { nodes { id } } }")).json()
    finally:
        await owner.close()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TOO_SLOW"]


@dataclass
class Awake:
    """What a statement answers when it has slept."""

    awake: bool


async def test_the_statements_of_one_operation_take_so_long_together_and_no_longer(product: Product) -> None:
    """Each of many may end in time, and all of them keep the database busy for minutes."""
    opened = product.settings
    database = await Database.open(opened.database_url, secret=opened.secret, writers=1, readers=1)
    rows = PostgresRows(database, Only(1))
    sleeping = "select $1::uuid is not null as awake from pg_sleep(0.1)"
    allow(1_000_000, seconds=0.15)
    try:
        for _ in range(2):
            assert await rows.select({}, uuid4(), sleeping, shape=Awake) == [Awake(awake=True)]
        with pytest.raises(TookTooLong) as refused:
            await rows.select({}, uuid4(), sleeping, shape=Awake)
    finally:
        await database.close()
    assert is_cut_off(refused.value)


async def test_what_was_cut_off_is_no_fault_of_ours(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(*arguments: object, **named: object) -> None:
        raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")

    monkeypatch.setattr(PostgresRows, "page", slow)
    answer = (await client.post("{ tasks(first: 1) { nodes { id } } }")).json()
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "TOO_SLOW"}]
