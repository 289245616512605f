"""Activities of the past are read from the table, for none ever changes: however many there are."""

from collections.abc import AsyncIterator

import pytest

from api.kit.schema.lists.connections import only_adds
from app.settings import Settings
from projections.governance.activity import ActivityLog
from projections.kit.read.as_of import RowsAsOf
from projections.work.tasks import Tasks
from tests.kit.product import Product, produced
from tests.work.api import created

ASKED = """query($at: Position!, $after: String) { activities(asOf: { position: $at }, first: 4, after: $after) {
  totalCount edges { node { id action } } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product that folds no more than three rows for an answer."""
    with pytest.MonkeyPatch.context() as patch:
        defaults = RowsAsOf.__init__.__kwdefaults__
        assert defaults is not None
        patch.setitem(defaults, "most_rows", 3)
        async with produced(settings) as running:
            yield running


async def test_those_of_then_are_told_and_none_that_came_later(product: Product) -> None:
    ada = await product.newcomer()
    for number in range(5):
        await created(ada, str(number))
    then = (await ada.send("CreateTask", input={"title": "The last one"}))["position"]
    await created(ada, "Later")
    seen: list[str] = []
    total, after, more = 0, None, True
    while more:
        answer = (await ada.post(ASKED, {"at": then, "after": after})).json()
        assert "errors" not in answer, answer
        page = answer["data"]["activities"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        total = page["totalCount"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    now = (await ada.send("Activities", first=100))["edges"]
    assert total == len(seen)
    assert sorted(seen) == sorted(edge["node"]["id"] for edge in now)[: len(seen)]
    assert len(now) == len(seen) + 1


def test_what_changes_is_folded() -> None:
    assert only_adds(ActivityLog)
    assert not only_adds(Tasks)
