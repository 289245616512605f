"""Searching documents, on the real OpenSearch and on osmem."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from opensearchpy import AsyncOpenSearch

from domain.work.tasks import TaskPriority, TaskStatus
from projections.kit.declare.filters import All, Compare, ComparedColumn, Comparison, Not, Some
from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.live_generations import Only
from projections.kit.read.search_query import BadQuery, Query, write_cursor
from projections.kit.read.search_reader import SearchReader, search_breaker
from projections.kit.store.search_store import SearchStore
from tests.stores.rows import ACME, DAY, OTHER, MemoryCheckpoints, Paper, Papers, at, key, papers

PAPERS = [
    Paper(id=UUID(int=1), title="Run the marathon", description="Train the dogs first", tags=("sport",)),
    Paper(id=UUID(int=2), title="Feed the dogs", description="Twice a day", status=TaskStatus.COMPLETED),
    Paper(id=UUID(int=3), title="Paint <b>doors</b>", description="Red & blue", tags=("house", "sport")),
    Paper(id=UUID(int=4), title="Running shoes", description="For the race", priority=TaskPriority.HIGH),
    Paper(id=UUID(int=5), title="Call Zoë 😀", description="数据 数据库", due_date=DAY, tags=("house",)),
]
SECRET = Paper(id=UUID(int=6), title="Dogs of the other tenant", description="marathon", tags=("theirs",))


@pytest.fixture(scope="module")
async def search(client: AsyncOpenSearch, index_prefix: str) -> AsyncIterator[SearchReader[Paper]]:
    """Papers of two tenants, searchable."""
    store = SearchStore(Papers(), client, 1, MemoryCheckpoints(), index_prefix)
    await store.prepare()
    ours = {key(paper.id.int, ACME): paper for paper in PAPERS}
    await store.save(papers(1, {**ours, key(6, OTHER): SECRET, key(7): None}), at(1))
    await store.caught_up()
    yield SearchReader(Papers(), client, Only(1), index_prefix, search_breaker(timeout=20))
    await store.drop()


def short(paper: Paper) -> Paper:
    """As a hit has it."""
    return msgspec.structs.replace(paper, description="")


def compared(column: str, how: Comparison, value: object) -> Compare:
    return Compare(ComparedColumn(column), how, value)


def among(column: str, values: list[object]) -> Compare:
    return compared(column, Comparison.IN, values)


async def ids(search: SearchReader[Paper], query: Query, tenant_id: UUID = ACME) -> list[int]:
    found = await search.search(tenant_id, query)
    return [hit.row.id.int for hit in found.hits]


async def test_finds_words_in_any_form_and_field(search: SearchReader[Paper]) -> None:
    assert set(await ids(search, Query(text="runs"))) == {1, 4}
    assert set(await ids(search, Query(text="dog"))) == {1, 2}


async def test_every_word_must_be_found_but_not_in_one_field(search: SearchReader[Paper]) -> None:
    assert await ids(search, Query(text="marathon dogs")) == [1]


async def test_the_title_counts_more(search: SearchReader[Paper]) -> None:
    assert await ids(search, Query(text="dogs")) == [2, 1]


async def test_a_hit_is_the_row_without_its_long_texts(search: SearchReader[Paper]) -> None:
    (hit,) = (await search.search(ACME, Query(text="doors"))).hits
    assert hit.row == short(PAPERS[2])


async def test_no_query_reaches_another_tenant(search: SearchReader[Paper]) -> None:
    everything = Query(facets=["tags", "status"], first=100)
    ours = await search.search(ACME, everything)
    assert {hit.row.id.int for hit in ours.hits} == {1, 2, 3, 4, 5}
    assert "theirs" not in dict(ours.facets["tags"])
    foreign = await search.search(OTHER, everything)
    assert [hit.row for hit in foreign.hits] == [short(SECRET)]
    assert foreign.facets["tags"] == [("theirs", 1)]
    assert (await search.search(UUID(int=99), everything)).total == 0


async def test_the_tenant_is_no_field_to_ask_for(search: SearchReader[Paper]) -> None:
    for query in (
        Query(filter=among("tenant_id", [str(OTHER)])),
        Query(filter=among("tenantId", [str(OTHER)])),
        Query(facets=["tenant_id"]),
        Query(sort="tenant_id"),
    ):
        with pytest.raises(BadQuery):
            await search.search(ACME, query)


async def test_filters_by_value_and_by_range(search: SearchReader[Paper]) -> None:
    assert await ids(search, Query(filter=among("status", [TaskStatus.COMPLETED]))) == [2]
    assert await ids(search, Query(filter=among("tags", ["house", "none"]))) == [3, 5]
    day = timedelta(days=1)
    assert await ids(
        search,
        Query(
            filter=All(
                (compared("due_date", Comparison.GTE, DAY), compared("due_date", Comparison.LT, DAY + day))
            )
        ),
    ) == [5]
    assert await ids(search, Query(filter=compared("due_date", Comparison.LT, DAY))) == []
    assert await ids(search, Query(filter=among("id", []))) == []
    undated = compared("due_date", Comparison.NULL, None)
    assert await ids(search, Query(filter=Not(undated))) == [5]
    assert await ids(search, Query(filter=All((undated, among("tags", ["house"]))))) == [3]
    either = Some((among("status", [TaskStatus.COMPLETED]), among("tags", ["house"])))
    assert await ids(search, Query(filter=either)) == [2, 3, 5]
    assert await ids(search, Query(filter=Not(either))) == [1, 4]
    assert await ids(search, Query(filter=Some())) == []
    both = compared("tags", Comparison.HOLDS, ("SPORT", "house"))
    assert await ids(search, Query(filter=both)) == [3]


async def test_facets_of_a_filtered_field_show_the_other_choices(search: SearchReader[Paper]) -> None:
    found = await search.search(
        ACME, Query(filter=among("tags", ["house"]), facets=["tags", "status", "priority"])
    )
    assert found.total == 2
    assert dict(found.facets["tags"]) == {"house": 2, "sport": 2}
    assert dict(found.facets["status"]) == {"todo": 2}
    assert dict(found.facets["priority"]) == {"medium": 2}


@pytest.mark.parametrize("sort", [None, "title", "-title", "due_date", "-created_at", "priority"])
async def test_pages_hold_every_hit_once(search: SearchReader[Paper], sort: str | None) -> None:
    whole = await ids(search, Query(sort=sort))
    paged: list[int] = []
    after: str | None = None
    while (page := await search.search(ACME, Query(sort=sort, first=2, after=after))).hits:
        paged += [hit.row.id.int for hit in page.hits]
        after = page.hits[-1].cursor
    assert paged == whole
    assert sorted(paged) == [1, 2, 3, 4, 5]


async def test_sorts_by_a_field(search: SearchReader[Paper]) -> None:
    assert await ids(search, Query(sort="title")) == [5, 2, 3, 1, 4]
    assert await ids(search, Query(sort="due_date")) == [5, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "cursor", ["", "x", "%%%", "bnVsbA", "WzEsMiwzLDRd", "e30", "WzFlOTk5LCJhIl0", "é", "WyJ4IiwieSJd" * 50]
)
async def test_a_cursor_that_is_none_is_refused(search: SearchReader[Paper], cursor: str) -> None:
    with pytest.raises(BadQuery):
        await search.search(ACME, Query(after=cursor))


@pytest.mark.parametrize("values", [["a", "b"], [None, None], [2**80, "a"], ["\x00", "a"], [[1], "a"]])
async def test_a_forged_cursor_is_refused_or_harmless(
    search: SearchReader[Paper], values: list[object]
) -> None:
    forged = write_cursor(values, None)
    with suppress(BadQuery):
        found = await search.search(ACME, Query(after=forged))
        assert all(hit.row in map(short, PAPERS) for hit in found.hits)


async def test_a_cursor_of_another_sort_is_refused(search: SearchReader[Paper]) -> None:
    hit = (await search.search(ACME, Query(sort="title"))).hits[0]
    with pytest.raises(BadQuery):
        await search.search(ACME, Query(after=hit.cursor))


@pytest.mark.parametrize(
    "text",
    [
        '"unclosed (and ~1 ^2 AND OR NOT +dogs -dogs * ? : \\ / [a TO b] {',
        "title:dogs",
        "tenantId:* OR *:*",
        '{"match_all":{}}',
        "\x00\x01\x1b",
        "dogs\x00\ud800",
        "😀",
        "the a of",
        "a " * 499,
        "数" * 400,
        "é" * 500,
        "x" * 1000,
        "   ",
    ],
)
async def test_any_text_is_only_text(search: SearchReader[Paper], text: str) -> None:
    found = await search.search(ACME, Query(text=text, facets=["status"]))
    assert all(hit.row.id != SECRET.id for hit in found.hits)


async def test_finds_text_in_other_scripts(search: SearchReader[Paper]) -> None:
    assert await ids(search, Query(text="数据")) == [5]
    assert await ids(search, Query(text="ZOË")) == [5]


@pytest.mark.parametrize("text", ["x" * 10_000, "".join(map(chr, range(0x4E00, 0x51E8))), "word " * 2000])
async def test_too_long_a_text_is_refused(search: SearchReader[Paper], text: str) -> None:
    with pytest.raises(BadQuery):
        await search.search(ACME, Query(text=text))


async def test_operators_find_nothing_by_themselves(search: SearchReader[Paper]) -> None:
    assert await ids(search, Query(text="* OR *:*")) == []
    assert await ids(search, Query(text="\x00")) == []


@pytest.mark.parametrize(
    "query",
    [
        Query(first=-1),
        Query(first=102),
        Query(filter=among("nothing", ["x"])),
        Query(filter=among("title", ["x"])),
        Query(filter=compared("status", Comparison.GTE, 1)),
        Query(sort="description"),
        Query(sort="nothing"),
        Query(facets=["title"]),
        Query(filter=among("tags", ["x"] * 1001)),
        Query(filter=compared("due_date", Comparison.GTE, 2**70)),
    ],
)
async def test_what_cannot_be_asked_is_refused(search: SearchReader[Paper], query: Query) -> None:
    with pytest.raises(BadQuery):
        await search.search(ACME, query)


async def test_an_index_that_is_being_filled_is_unavailable(client: AsyncOpenSearch, prefix: str) -> None:
    store = SearchStore(Papers(), client, 1, MemoryCheckpoints(), prefix)
    await store.prepare()
    search = SearchReader(Papers(), client, Only(1), prefix, search_breaker(timeout=20))
    with pytest.raises(Unavailable):
        await search.search(ACME, Query())
    await store.caught_up()
    assert (await search.search(ACME, Query())).total == 0


async def test_a_server_that_is_gone_is_unavailable(unused_tcp_port: int) -> None:
    async with AsyncOpenSearch(hosts=[f"http://127.0.0.1:{unused_tcp_port}"]) as client:
        search = SearchReader(Papers(), client, Only(1))
        for _ in range(5):
            with pytest.raises(Unavailable):
                await search.search(ACME, Query(text="dogs"))
