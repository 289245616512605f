"""Folding a page again after a crash between its documents and its checkpoint."""

import pytest
from opensearchpy import AsyncOpenSearch

from domain.kit.events import Event
from domain.work.tasks import Task
from projections.kit.declare.folded_rows import fold
from projections.kit.declare.folds import on
from projections.kit.declare.row import Row, replace
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import FullKey
from projections.kit.store.checkpoints import StoredCheckpoint
from projections.kit.store.search_store import SearchStore
from tests.stores.rows import ACME, ANN, MemoryCheckpoints, at, page

ALL: FullKey = (ACME, ("all",))


class Tally(Row):
    """A count, which an event folded twice would spoil."""

    id: str
    events: int


class Tallies(SearchView[Tally], name="test.tallies"):
    """Counts events until a task is moved, which deletes the row."""

    @on(Task.Created, by=lambda event, envelope: "all")
    def created(self, row: Tally | None, event: Task.Created) -> Tally:
        return Tally(id="all", events=(row.events if row else 0) + 1)

    @on(Task.Renamed, by=lambda event, envelope: "all")
    def renamed(self, row: Tally, event: Task.Renamed) -> Tally:
        return replace(row, events=row.events + 1)

    @on(Task.Moved, by=lambda event, envelope: "all")
    def moved(self, row: Tally, event: Task.Moved) -> None:
        return None


class Crashing(MemoryCheckpoints):
    """Fails once, as when the worker is killed after the documents were written."""

    crashed = False

    async def put(self, view: str, generation: int, kept: StoredCheckpoint) -> None:
        if not self.crashed:
            self.crashed = True
            raise ConnectionResetError
        await super().put(view, generation, kept)


def created() -> Event:
    return Task.Created(title="a", created_by=ANN)


def renamed() -> Event:
    return Task.Renamed(title="b")


def moved() -> Event:
    return Task.Moved(project_id=None, previous=None, status="todo")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "after"),
    [
        ([created(), renamed(), renamed()], Tally(id="all", events=3)),
        ([created(), renamed(), moved()], None),
        ([created(), moved(), created(), renamed()], Tally(id="all", events=2)),
    ],
)
async def test_a_page_folded_again_gives_the_same_rows(
    client: AsyncOpenSearch, prefix: str, events: list[Event], after: Tally | None
) -> None:
    view = Tallies()
    store = SearchStore(view, client, 1, Crashing(), prefix)
    await store.prepare()
    first = page(1, *events)
    with pytest.raises(ConnectionResetError):
        await store.save(fold(view, await store.load([ALL]), first), at(len(first)))
    assert (await store.checkpoint()).position == 0

    again = [*first, *page(len(first) + 1, created())]
    await store.save(fold(view, await store.load([ALL]), again), at(len(again)))
    expected = Tally(id="all", events=after.events + 1 if after else 1)
    assert await store.load([ALL]) == {ALL: expected}
