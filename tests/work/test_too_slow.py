"""A question that takes too long is ended, and told to the client as what it is."""

import asyncpg
import pytest

from projections.kit.read.postgres_reader import PostgresRows
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


async def test_what_was_cut_off_is_no_fault_of_ours(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(*arguments: object, **named: object) -> None:
        raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")

    monkeypatch.setattr(PostgresRows, "page", slow)
    answer = (await client.post("{ tasks(first: 1) { nodes { id } } }")).json()
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "TOO_SLOW"}]
