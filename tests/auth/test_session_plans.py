"""Which index each question about sessions is answered by, as the role that the API reads as."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.auth.tokens.session_cache import sessions_of
from app.storage.database import Database
from domain.kit.caller import ACCOUNTS
from projections.identity.auth_sessions import Sessions, UserSessions
from projections.identity.person_sessions import PersonSessions, SessionPage
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.conditions import Condition, equals, until
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.table_names import table_name
from tests.kit.product import Product
from tests.work.test_plans import Explaining

MANY, PEOPLE = 20_000, 400
PERSON, TENANT = UUID(int=7), UUID(int=1)
_PERSON = f"lpad(to_hex(n % {PEOPLE}), 32, '0')::uuid"
_FILL: dict[type[PostgresView[Any]], str] = {
    Sessions: f"""id, {_PERSON}, '{TENANT}', md5('a' || n), md5('b' || n),
        now() + (n - 10000) * interval '1 minute', '', '', 'password',
        false, 0, n, now() + n * interval '1 second', now(), n""",
    UserSessions: f"""id, {_PERSON}, '{TENANT}', now() + n * interval '1 second', null, null, n""",
}
Ask = Callable[[PostgresRows], Awaitable[object]]


@pytest.fixture(scope="module")
async def explaining(product: Product) -> AsyncIterator[Explaining]:
    """A reader that explains, with many sessions of some people and their statistics."""
    owner = await asyncpg.connect(product.settings.database_url)
    for view, columns in _FILL.items():
        table = table_name(view, 1)
        rows = f"select $1, {columns} from (select n, uuidv7() as id from generate_series(1, {MANY}) n)"
        await owner.execute(f"insert into {table} {rows}", ACCOUNTS)
        await owner.execute(f"vacuum analyze {table}")
    await owner.close()
    database = await Database.open(product.settings.database_url, secret=product.settings.secret)
    yield Explaining(database)
    await database.close()


def _page(where: list[Condition], order: str) -> Ask:
    async def ask(rows: PostgresRows) -> object:
        return await rows.page(Sessions, ACCOUNTS, where=where, order=Order(order), limit=20)

    return ask


async def _of_a_person(rows: PostgresRows) -> object:
    return [session async for session in sessions_of(rows, PERSON, Order("created_at", descending=True))]


async def _of_a_person_further(rows: PostgresRows) -> object:
    place = RowPlace(datetime.now(UTC), (PERSON,))
    return [session async for session in sessions_of(rows, PERSON, Order("created_at"), after=place)]


async def _of_people(rows: PostgresRows) -> object:
    pages = [SessionPage(user_id=UUID(int=number), first=20) for number in range(10)]
    return await PersonSessions(rows).of(TENANT, 0, pages)


ASKED: dict[str, tuple[str, Ask]] = {
    "the sessions of a person": ("idx_sessions_user", _of_a_person),
    "the sessions of a person, further on": ("idx_sessions_user", _of_a_person_further),
    "the newest sessions of people in a tenant": ("idx_user_sessions_user", _of_people),
    "the session of an access token": (
        "idx_sessions_token_hash",
        _page(equals("token_hash", "x"), "created_at"),
    ),
    "the session of a refresh token": (
        "idx_sessions_refresh_token_hash",
        _page(equals("refresh_token_hash", "x"), "created_at"),
    ),
    "the sessions that have run out": (
        "idx_sessions_expires",
        _page(until("expires_at", datetime(2020, 1, 1, tzinfo=UTC)), "expires_at"),
    ),
    "the sessions of a person that have run out": (
        "idx_sessions_user_expires",
        _page([*equals("user_id", PERSON), *until("expires_at", datetime.now(UTC))], "expires_at"),
    ),
}


@pytest.mark.parametrize("question", ASKED)
async def test_what_is_asked_about_sessions_is_answered_by_an_index(
    explaining: Explaining, question: str
) -> None:
    index, ask = ASKED[question]
    await ask(PostgresRows(explaining, Only(1)))
    # A person's sessions are found by either of the two indexes that begin with the person.
    assert f"using {index}" in explaining.plan or f"on {index}" in explaining.plan, explaining.plan
    assert "Seq Scan" not in explaining.plan, explaining.plan


async def test_a_session_is_read_by_its_key(explaining: Explaining) -> None:
    await PostgresRows(explaining, Only(1)).get(Sessions, ACCOUNTS, [(PERSON,)])
    assert "sessions_pkey" in explaining.plan, explaining.plan
    assert "Seq Scan" not in explaining.plan, explaining.plan
