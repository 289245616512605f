"""Lists that hang on objects: connections like those at the root, read for all of the objects at once."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

TASKS = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $asOf: AsOf) {
  project(id: $id, asOf: $asOf) {
    tasks(first: $first, after: $after, last: $last, before: $before) {
      totalCount
      edges { cursor node { title } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""


async def _page(client: Client, id: str, **given: object) -> Any:
    answer = (await client.post(TASKS, {"id": id, **given})).json()
    assert "errors" not in answer, answer
    return answer["data"]["project"]["tasks"]


def _titles(page: Any) -> list[str]:
    return [edge["node"]["title"] for edge in page["edges"]]


@pytest.fixture
async def garden(client: Client) -> str:
    """A project of seven tasks, in a tenant with others."""
    id = await project(client)
    for number in range(7):
        await created(client, f"task {number}", projectId=id)
        await created(client, "elsewhere", projectId=None)
    return id


async def test_the_tasks_of_a_project_are_paged_in_both_directions(client: Client, garden: str) -> None:
    newest_first = [f"task {number}" for number in reversed(range(7))]
    seen, after = list[str](), None
    while True:
        page = await _page(client, garden, first=3, after=after)
        assert (page["totalCount"], page["pageInfo"]["hasPreviousPage"]) == (7, after is not None)
        seen += _titles(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == newest_first
    before, seen = None, []
    while True:
        page = await _page(client, garden, last=3, before=before)
        seen = _titles(page) + seen
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert seen == newest_first
    assert _titles(await _page(client, garden, first=0)) == []


async def test_a_cursor_of_another_list_is_refused(client: Client, garden: str) -> None:
    other = (await client.send("Projects"))["edges"][0]["cursor"]
    answer = (await client.post(TASKS, {"id": garden, "after": other})).json()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_the_past_has_its_own_pages(client: Client, garden: str) -> None:
    receipt = await client.send("CreateTask", input={"title": "later", "projectId": garden})
    past = {"position": str(int(receipt["position"]) - 1)}
    page = await _page(client, garden, first=2, asOf=past)
    assert (page["totalCount"], _titles(page)) == (7, ["task 6", "task 5"])
    page = await _page(client, garden, first=2, after=page["pageInfo"]["endCursor"], asOf=past)
    assert _titles(page) == ["task 4", "task 3"]
    assert _titles(await _page(client, garden, first=1)) == ["later"]


async def test_the_lists_of_many_objects_are_read_in_as_many_queries_as_that_of_one(
    product: Product, client: Client
) -> None:
    ids = [await project(client, f"Garden {number}") for number in range(6)]
    for id in ids:
        for number in range(3):
            await created(client, f"task {number}", projectId=id)
    page = await _page(client, ids[0], first=1)
    document = """query($first: Int!, $after: String) { projects(first: $first) { nodes {
      members { totalCount nodes { user { id } } }
      tasks(first: 2, after: $after) { totalCount nodes { title } } } } }"""
    for after in (None, page["pageInfo"]["endCursor"]):
        counts = []
        for first in (1, 6):
            await client.post(document, {"first": first, "after": after})
            del product.statements[:]
            answer = (await client.post(document, {"first": first, "after": after})).json()
            counts.append(len(product.statements))
            shown = answer["data"]["projects"]["nodes"]
            assert [(one["tasks"]["totalCount"], one["members"]["totalCount"]) for one in shown] == [
                (3, 1)
            ] * first
        assert counts[0] == counts[1]


async def test_nobody_reads_tasks_by_a_project_that_is_hidden_from_them(
    product: Product, client: Client
) -> None:
    secret = await project(client, "Secret", visibility="PRIVATE")
    await created(client, "hidden", projectId=secret)
    member = product.client(client.tenant, uuid4(), role="member")
    answer = (await member.post(TASKS, {"id": secret})).json()
    assert answer["data"] == {"project": None}


async def test_a_page_of_a_nested_list_is_counted_with_all_that_is_on_it(client: Client) -> None:
    document = "{ projects(first: 100) { nodes { tasks(first: 100) { nodes { assignee { name } } } } } }"
    answer = (await client.post(document)).json()
    assert answer["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
