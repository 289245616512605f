"""A filter means the same of a row in Python and in Postgres, whatever row and whatever filter."""

import sys
import unicodedata
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import FrameType, SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.storage.database import Database
from domain.kit.text import folded, key, normal
from domain.work.tasks import TaskPriority, TaskStatus
from projections.kit.declare.filters import All, Compare, ComparedColumn, Comparison, Filter, Not, Some, meets
from projections.kit.read.as_of import Past
from projections.kit.read.conditions import filtered, words
from projections.kit.read.keyset import Order
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.work.tasks import TaskRow, Tasks
from tests.kit.product import Product

TENANT = UUID(int=1)
IDS = [UUID(int=n) for n in range(1, 4)]
TIMES = [datetime(2030, 1, day, microsecond=day, tzinfo=UTC) for day in (1, 2, 3)]
TEXTS = [
    "",
    "a",
    "A",
    "Straße",
    "STRASSE",
    "strasse",
    "%",
    "_",
    "\\",
    "a%b",
    "ﬁle",
    "File",
    "İ",
    "é",
    "E\u0301",
    "Ａ",
]
TAGS = ["red", "RED", "straße", "Big", "é"]


def _some(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | _some(values)


_texts = st.lists(_some(TEXTS), max_size=3).map("".join).map(normal)
rows = st.builds(
    TaskRow,
    id=st.uuids(),
    title=_texts,
    description=_texts,
    status=_some([*TaskStatus]),
    priority=_some([*TaskPriority]),
    due_date=_maybe(TIMES),
    created_by=_some(IDS),
    assigned_to=_maybe(IDS),
    project_id=_maybe(IDS),
    tags=st.lists(_some(TAGS), max_size=3).map(tuple),
    created_at=_some(TIMES),
    updated_at=_some(TIMES),
    completed_at=_maybe(TIMES),
    version=st.integers(1, 3),
    project_since=st.just(0),
)


def _compare(column: str, how: Comparison, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Filter]:
    return values.map(lambda value: Compare(ComparedColumn(column), how, value))


def _among(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.lists(_some(values), max_size=3).map(tuple)


_ORDERED = (Comparison.EQ, Comparison.LT, Comparison.LTE, Comparison.GT, Comparison.GTE)
_compares: st.SearchStrategy[Filter] = st.one_of(
    *[_compare("status", Comparison.IN, _among([*TaskStatus]))],
    *[_compare("priority", Comparison.EQ, _some([*TaskPriority]))],
    *[_compare(column, Comparison.EQ, _some(IDS)) for column in ("created_by", "assigned_to", "project_id")],
    *[_compare("assigned_to", Comparison.IN, _among(IDS))],
    *[_compare(column, how, _some(TIMES)) for column in ("due_date", "created_at") for how in _ORDERED],
    *[_compare("version", how, st.integers(0, 4)) for how in _ORDERED],
    *[_compare(column, Comparison.NULL, st.none()) for column in ("due_date", "assigned_to", "title")],
    *[_compare("title", Comparison.EQ, _texts), _compare("title", Comparison.PART, _texts)],
    _compare("tags", Comparison.HOLDS, st.lists(_some(TAGS), min_size=1, max_size=2).map(tuple)),
    _some(["strasse", "file", "é", "a or b"]).map(
        lambda text: Compare(ComparedColumn("text"), Comparison.WORDS, words(Tasks, text))
    ),
)


def _joined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(parts, max_size=3).map(tuple)
    return several.map(All) | several.map(Some) | parts.map(Not)


filters: st.SearchStrategy[Filter] = st.recursive(_compares, _joined, max_leaves=8)


@pytest.fixture(scope="module")
async def reader(product: Product) -> AsyncIterator[PostgresRows]:
    opened = product.settings
    database = await Database.open(opened.database_url, secret=opened.secret, writers=1, readers=1)
    yield PostgresRows(database, Only(1))
    await database.close()


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(given_rows=st.lists(rows, max_size=12), filter=filters)
async def test_rows_meet_a_filter_here_as_they_do_in_postgres(
    reader: PostgresRows, given_rows: list[TaskRow], filter: Filter
) -> None:
    there = {(row.id,): row for row in given_rows}
    past: Past[TaskRow] = Past(there, 0, 0, 0)
    where = [filtered(Tasks, filter)]
    page = await reader.page(Tasks, TENANT, where=where, order=Order("created_at"), limit=100, past=past)
    assert {row.id for row in page.rows} == {row.id for row in there.values() if meets(filter, row)}
    assert await reader.count(Tasks, TENANT, where, past) == len(page.rows)


@pytest.mark.parametrize(
    ("column", "how", "value"),
    [("title", Comparison.PART, "É"), ("tags", Comparison.HOLDS, tuple(f"É{n}" for n in range(100)))],
)
def test_what_is_sought_is_tidied_once_for_however_many_rows(
    column: str, how: Comparison, value: Any
) -> None:
    """Each event is compared by all who watch, whose texts may be long."""
    tidied = {tidy.__code__ for tidy in (folded, key)}
    watched = Some(tuple(Compare(ComparedColumn(column), how, value) for _ in range(50)))
    calls = list[object]()

    def note(frame: FrameType, what: str, _: object) -> None:
        if what == "call" and frame.f_code in tidied:
            calls.append(frame)

    sys.setprofile(note)
    try:
        for number in range(10):
            row = SimpleNamespace(title=f"È{number}", tags=(f"È{number}",))
            assert not meets(watched, row)
    finally:
        sys.setprofile(None)
    # For the one text that each row has.
    assert len(calls) == 10


def test_ids_are_held_as_they_are() -> None:
    column = ComparedColumn("subjects")
    row = SimpleNamespace(subjects=IDS[:2])
    found = [meets(Compare(column, Comparison.HOLDS, (id,)), row) for id in IDS]
    assert found == [True, True, False]


def test_a_part_is_folded_by_a_query_of_its_own_rather_than_for_each_row() -> None:
    """A plan for any values works out nothing of them beforehand."""
    sought = Compare(ComparedColumn("title"), Comparison.PART, "a")
    assert ", (select normalize(" in filtered(Tasks, sought).sql


async def test_every_letter_is_folded_here_as_in_postgres(product: Product) -> None:
    """But for those that Python's version of Unicode has not yet."""
    letters = [chr(n) for n in range(1, 0x110000) if unicodedata.category(chr(n)) not in ("Cs", "Cn", "Co")]
    connection = await asyncpg.connect(product.settings.database_url)
    sql = """select array_agg(normalize(casefold(normalize(letter, nfkc) collate pg_unicode_fast), nfkc)
                              order by n)
               from unnest($1::text[]) with ordinality as given(letter, n)"""
    try:
        there = await connection.fetchval(sql, letters)
    finally:
        await connection.close()
    here = [folded(letter) for letter in letters]
    assert [(a, b, c) for a, b, c in zip(letters, here, there, strict=True) if b != c] == []
