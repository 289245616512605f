"""The OpenSearch store, on the real one and on osmem."""

from typing import Any
from uuid import UUID

import pytest
from opensearchpy import AsyncOpenSearch

from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, RowsRefused, Upkeep
from tests.stores.rows import ACME, OTHER, MemoryCheckpoints, Paper, Papers, at, key, papers


def paper(number: int, title: str = "a paper") -> Paper:
    return Paper(id=UUID(int=number), title=title)


@pytest.fixture
def checkpoints() -> MemoryCheckpoints:
    return MemoryCheckpoints()


@pytest.fixture
async def store(client: AsyncOpenSearch, checkpoints: MemoryCheckpoints, prefix: str) -> SearchStore[Paper]:
    store = SearchStore(Papers(), client, 1, checkpoints, prefix)
    await store.prepare()
    return store


async def test_loads_what_was_saved_at_once(store: SearchStore[Paper]) -> None:
    await store.save(papers(5, {key(1): paper(1), key(2): paper(2)}), at(5))
    rows = await store.load([key(1), key(2), key(3)])
    assert rows == {key(1): paper(1), key(2): paper(2)}
    assert rows.positions == {key(1): 5, key(2): 5}
    assert await store.checkpoint() == at(5)


async def test_a_fresh_index_begins_at_the_first_event(store: SearchStore[Paper]) -> None:
    assert await store.checkpoint() == Checkpoint(0, 0, 0)


async def test_a_deleted_row_is_gone_but_its_position_is_known(store: SearchStore[Paper]) -> None:
    await store.save(papers(1, {key(1): paper(1), key(2): paper(2)}), at(1))
    await store.save(papers(2, {key(1): None}), at(2))
    rows = await store.load([key(1), key(2)])
    assert rows == {key(2): paper(2)}
    assert rows.positions[key(1)] == 2
    assert await store.count() == 1


async def test_the_same_page_again_changes_nothing(store: SearchStore[Paper]) -> None:
    page = papers(5, {key(1): paper(1), key(2): None})
    await store.save(page, at(5))
    await store.save(page, at(5))
    assert await store.load([key(1), key(2)]) == {key(1): paper(1)}
    assert await store.count() == 1


async def test_a_late_write_never_overwrites_a_newer_one(store: SearchStore[Paper]) -> None:
    await store.save(papers(9, {key(1): paper(1, "new"), key(2): None}), at(9))
    await store.save(papers(5, {key(1): paper(1, "old"), key(2): paper(2)}), at(5))
    assert await store.load([key(1), key(2)]) == {key(1): paper(1, "new")}


async def test_an_older_token_writes_nothing(store: SearchStore[Paper]) -> None:
    await store.save(papers(1, {}), at(1, token=2))
    with pytest.raises(LeaseLost):
        await store.save(papers(2, {key(1): paper(1)}), at(2, token=1))
    assert await store.load([key(1)]) == {}


@pytest.mark.parametrize("method", ["load", "save", "checkpoint", "renew", "caught_up", "count"])
async def test_a_vanished_index_is_lost_and_not_made_by_accident(
    store: SearchStore[Paper], client: AsyncOpenSearch, method: str
) -> None:
    await store.save(papers(1, {key(1): paper(1)}), at(1))
    await client.indices.delete(index=store.names.index)
    arguments = {"load": ([key(1)],), "save": (papers(2, {key(2): paper(2)}), at(2))}
    with pytest.raises(Lost):
        await getattr(store, method)(*arguments.get(method, ()))
    assert not await client.indices.exists(index=store.names.index)


async def test_an_index_made_anew_is_lost(
    store: SearchStore[Paper], client: AsyncOpenSearch, checkpoints: MemoryCheckpoints, prefix: str
) -> None:
    await store.save(papers(1, {key(1): paper(1)}), at(1))
    await client.indices.delete(index=store.names.index)
    other = SearchStore(Papers(), client, 1, checkpoints, prefix)
    await other.prepare()
    for opened in (store, other):
        with pytest.raises(Lost):
            await opened.checkpoint()
        with pytest.raises(Lost):
            await opened.save(papers(2, {key(2): paper(2)}), at(2))
    assert await other.load([key(2)]) == {}


async def test_goes_on_from_nothing_after_a_loss(store: SearchStore[Paper], client: AsyncOpenSearch) -> None:
    await store.save(papers(1, {key(1): paper(1)}), at(1))
    await client.indices.delete(index=store.names.index)
    await store.drop()
    await store.prepare()
    assert await store.checkpoint() == Checkpoint(0, 0, 0)
    await store.save(papers(1, {key(1): paper(1)}), at(1, token=2))
    assert await store.checkpoint() == at(1, token=2)


async def test_the_server_holds_exactly_the_declared_mapping(
    store: SearchStore[Paper], client: AsyncOpenSearch
) -> None:
    found = await client.indices.get_mapping(index=store.names.index)
    assert found[store.names.index]["mappings"] == store.documents.mapping


async def test_a_changed_row_needs_a_new_version(
    store: SearchStore[Paper], client: AsyncOpenSearch, checkpoints: MemoryCheckpoints, prefix: str
) -> None:
    again = SearchStore(Papers(), client, 1, checkpoints, prefix)
    await again.prepare()
    del again.documents.mapping["properties"]["title"]
    with pytest.raises(TypeError, match="needs a new version"):
        await again.prepare()


async def test_a_refused_document_is_raised_and_the_checkpoint_stays(
    store: SearchStore[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.save(papers(1, {key(1): paper(1)}), at(1))
    monkeypatch.setattr(store.documents, "document", lambda *_: b'{"tenantId": "x", "undeclared": 1}')
    with pytest.raises(RowsRefused, match=r"2 documents were refused: .*undeclared"):
        await store.save(papers(2, {key(2): paper(2), key(3): paper(3)}), at(2))
    assert await store.checkpoint() == at(1)


async def test_a_page_of_many_megabytes_is_saved(store: SearchStore[Paper]) -> None:
    long = Paper(id=UUID(int=1), title="long", description="word " * 2000)
    rows: dict[Any, Paper | None] = {key(n): long for n in range(1500)}
    await store.save(papers(1, rows), at(1))
    assert len(await store.load(rows)) == 1500
    assert await store.count() == 1500


async def test_two_tenants_never_share_a_document(store: SearchStore[Paper]) -> None:
    page = papers(1, {key(1, ACME): paper(1, "ours"), key(1, OTHER): paper(1, "theirs")})
    await store.save(page, at(1))
    assert await store.load([key(1, ACME)]) == {key(1, ACME): paper(1, "ours")}
    assert await store.load([key(1, OTHER)]) == {key(1, OTHER): paper(1, "theirs")}


async def test_wants_upkeep(store: SearchStore[Paper]) -> None:
    assert isinstance(store, Upkeep)
