"""Lists that hang on objects: connections like those at the root, read for all of the objects at once."""

from functools import partial
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
    document = """query($first: Int!, $after: String, $asOf: AsOf) { projects(first: $first, asOf: $asOf) { nodes {
      members(filter: {joinedAt: {gt: "2020-01-01T00:00:00Z"}}) { totalCount nodes { user { id } } }
      low: tasks(filter: {priority: {eq: LOW}}) { totalCount }
      last: tasks(first: 1, orderBy: TITLE, direction: DESC, filter: {text: "task"}) { nodes { title } }
      tasks(first: 2, after: $after) { totalCount nodes { title } } } } }"""
    position = (await client.post("{ projects { nodes { id } } }")).json()["extensions"]["position"]
    for given in (
        {"after": None},
        {"after": page["pageInfo"]["endCursor"]},
        {"asOf": {"position": position}},
    ):
        counts = []
        for first in (1, 6):
            ask = partial(client.post, document, {"first": first, **given})
            counts.append(len(await product.statements_of(ask)))
            answer = (await ask()).json()
            shown = answer["data"]["projects"]["nodes"]
            assert [(one["tasks"]["totalCount"], one["members"]["totalCount"]) for one in shown] == [
                (3, 1)
            ] * first
            assert [(one["low"]["totalCount"], one["last"]["nodes"]) for one in shown] == [
                (0, [{"title": "task 2"}])
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


SOONER, LATER = "2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"
NARROWED = """query($id: ID!, $filter: TaskFilter, $by: TaskOrder, $direction: Direction,
    $first: Int, $after: String, $asOf: AsOf) {
  project(id: $id, asOf: $asOf) {
    tasks(filter: $filter, orderBy: $by, direction: $direction, first: $first, after: $after) {
      totalCount
      edges { node { title } }
      pageInfo { endCursor hasNextPage }
    }
  }
}"""


async def _narrowed(client: Client, id: str, **given: object) -> tuple[int, list[str], Any]:
    """How many tasks of a project are found in all, the titles of a page, and the rest of its pages."""
    answer = (await client.post(NARROWED, {"id": id, **given})).json()
    assert "errors" not in answer, answer
    page = answer["data"]["project"]["tasks"]
    return page["totalCount"], _titles(page), page["pageInfo"]


async def test_the_tasks_of_a_project_are_filtered_and_sorted_as_all_tasks_are(
    client: Client, garden: str
) -> None:
    for title, priority, due in (
        ("b", "HIGH", None),
        ("a", "HIGH", LATER),
        ("c", "LOW", SOONER),
    ):
        task = {"title": title, "priority": priority, "dueDate": due, "projectId": garden}
        receipt = await client.send("CreateTask", input=task)
    await created(client, "a", priority="HIGH", projectId=None)
    high = {"priority": {"eq": "HIGH"}}
    assert (await _narrowed(client, garden, filter=high))[:2] == (2, ["a", "b"])
    assert (await _narrowed(client, garden, filter={"or": [high, {"title": {"contains": "K 3"}}]}))[:2] == (
        3,
        ["a", "b", "task 3"],
    )
    # By a column of which some have nothing, over two pages; the same page of the past has one the less.
    sorted_by = {"by": "DUE_DATE", "direction": "ASC", "filter": {"title": {"in": ["a", "b", "c"]}}}
    count, titles, info = await _narrowed(client, garden, first=2, **sorted_by)
    assert (count, titles, info["hasNextPage"]) == (3, ["c", "a"], True)
    rest = await _narrowed(client, garden, first=2, after=info["endCursor"], **sorted_by)
    assert (rest[1], rest[2]["hasNextPage"]) == (["b"], False)
    past = {"position": str(int(receipt["position"]) - 1)}
    assert (await _narrowed(client, garden, asOf=past, **sorted_by))[:2] == (2, ["a", "b"])
    # The list's own order is turned round; texts are sorted upwards.
    assert (await _narrowed(client, garden, direction="ASC", first=1))[1] == ["task 0"]
    assert (await _narrowed(client, garden, by="TITLE", first=3))[1] == ["a", "b", "c"]


async def test_a_filter_of_a_nested_list_costs_as_much_as_it_is_asked_for_objects(client: Client) -> None:
    document = """query($ids: [ID!]) { projects(first: 100) { nodes {
      tasks(first: 1, filter: {id: {in: $ids}}) { totalCount } } } }"""
    for ids, code in ((1, None), (100, "COST_EXCEEDED")):
        answer = (await client.post(document, {"ids": [str(uuid4()) for _ in range(ids)]})).json()
        assert [error["extensions"]["code"] for error in answer.get("errors", [])] == [code] * (ids > 1)


async def test_a_filter_of_a_nested_list_tells_nothing_of_what_is_hidden(
    product: Product, client: Client
) -> None:
    secret, open_one = await project(client, "Secret", visibility="PRIVATE"), await project(client)
    for id in (secret, open_one):
        await created(client, "buried", description="treasure", assignedTo=client.me, projectId=id)
    document = """query($id: ID!, $text: String!) { user(id: $id) { tasks(filter: {text: $text}) {
      totalCount nodes { title } } } }"""

    async def found(by: Client, text: str) -> int:
        answer = (await by.post(document, {"id": client.me, "text": text})).json()
        page = answer["data"]["user"]["tasks"]
        assert page["totalCount"] == len(page["nodes"])
        return len(page["nodes"])

    member = await product.newcomer("Mia", tenant=client.tenant, role="member")
    guest = await product.newcomer("Gus", tenant=client.tenant, role="guest")
    # Of a private project nobody else hears, and who may not read descriptions finds nothing by their words.
    assert [await found(by, "buried") for by in (client, member, guest)] == [2, 1, 1]
    assert [await found(by, "treasure") for by in (client, guest)] == [2, 0]
