"""What lists of tasks and projects are sorted by: pages both ways, now and in the past, equals included."""

import random
from typing import Any
from unicodedata import normalize

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, head, project

TASKS = [
    ("éclair", "LOW"),
    ("Zebra", "CRITICAL"),
    ("apple", "HIGH"),
    ("zebra", "MEDIUM"),
    ("Eclair", "HIGH"),
    ("apple", "LOW"),
    ("Ångström", "MEDIUM"),
]
PROJECTS = ["pear", "Apple", "apple", "Pear", "Öl"]
ORDERS = [
    # Equals stand in order of creation, since ids do.
    ("tasks", "TITLE", "6254031"),
    ("tasks", "PRIORITY", "0536241"),
    ("tasks", "UPDATED_AT", "1245630"),
    ("projects", "NAME", "21403"),
    ("projects", "UPDATED_AT", "02341"),
]
LIST = """query List($order: %s!, $direction: Direction, $first: Int, $after: String, $last: Int, $before: String,
  $asOf: AsOf) {
  list: %s(orderBy: $order, direction: $direction, first: $first, after: $after, last: $last, before: $before,
    asOf: $asOf) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
}"""


class Lister:
    """Somebody with tasks and projects, each called by the number in which they were made."""

    client: Client
    numbers: dict[str, str]
    position: str

    async def page(self, what: str, order: str, **variables: Any) -> tuple[str, dict[str, Any]]:
        """The numbers of what is on a page, run together, and what it says of itself."""
        document = LIST % ({"tasks": "TaskOrder", "projects": "ProjectOrder"}[what], what)
        answer = (await self.client.post(document, {"order": order, **variables})).json()
        assert "errors" not in answer, answer
        found = answer["data"]["list"]
        return "".join(self.numbers[node["id"]] for node in found["nodes"]), found["pageInfo"]


@pytest.fixture(scope="module")
async def lister(product: Product) -> Lister:
    """The tasks 3 and 0, and the project 1, were changed last."""
    lister = Lister()
    client = lister.client = await product.newcomer()
    tasks = [await created(client, title, priority=priority) for title, priority in TASKS]
    projects = [await project(client, name) for name in PROJECTS]
    lister.numbers = {task["id"]: str(number) for number, task in enumerate(tasks)}
    lister.numbers |= {id: str(number) for number, id in enumerate(projects)}
    for number in (3, 0):
        await client.send("DescribeTask", input={"id": tasks[number]["id"], "description": "x"})
    await client.send("DescribeProject", input={"id": projects[1], "description": "x"})
    lister.position = await head(client, tasks[1])
    return lister


@pytest.mark.parametrize(("what", "order", "expected"), ORDERS)
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("then", [True, False], ids=["as of then", "now"])
@pytest.mark.parametrize("size", [1, 2, 7])
async def test_pages_walk_the_whole_list_both_ways(
    lister: Lister, what: str, order: str, expected: str, direction: str, then: bool, size: int
) -> None:
    sorting: dict[str, Any] = {"direction": direction}
    if then:
        sorting["asOf"] = {"position": lister.position}
    forward, backward, more = "", "", True
    cursor = None
    while more:
        numbers, info = await lister.page(what, order, **sorting, first=size, after=cursor)
        forward, cursor, more = forward + numbers, info["endCursor"], info["hasNextPage"]
    more, cursor = True, None
    while more:
        numbers, info = await lister.page(what, order, **sorting, last=size, before=cursor)
        backward, cursor, more = numbers + backward, info["startCursor"], info["hasPreviousPage"]
    expected = expected if direction == "ASC" else expected[::-1]
    assert (forward, backward) == (expected, expected)


@pytest.mark.parametrize(
    ("what", "order", "upwards"),
    [
        ("tasks", "TITLE", True),
        ("projects", "NAME", True),
        ("tasks", "PRIORITY", False),
        ("tasks", "UPDATED_AT", False),
    ],
)
async def test_names_ascend_by_default_and_the_rest_descends(
    lister: Lister, what: str, order: str, upwards: bool
) -> None:
    (expected,) = (numbers for kind, by, numbers in ORDERS if (kind, by) == (what, order))
    assert (await lister.page(what, order))[0] == (expected if upwards else expected[::-1])


async def test_a_task_that_changes_takes_its_new_place(client: Client) -> None:
    ids = [(await created(client, title, priority="LOW"))["id"] for title in "abc"]
    await client.send("RenameTask", input={"id": ids[0], "title": "D"})
    last = await client.send("ChangeTaskPriority", input={"id": ids[1], "priority": "HIGH"})
    for order, expected in (("TITLE", "bcD"), ("PRIORITY", "Dcb"), ("UPDATED_AT", "cDb")):
        page = await client.send("Tasks", orderBy=order, direction="ASC", afterPosition=last["position"])
        assert "".join(edge["node"]["title"] for edge in page["edges"]) == expected


async def test_a_name_is_sorted_however_many_weights_its_letters_have(client: Client) -> None:
    """An entry of an index has room for them because it is compressed."""
    letters = [chr(n) for n in range(0x3000, 0x1F300) if len(normalize("NFKD", chr(n))) > 3]
    name = "".join(random.Random(1).choice(letters) for _ in range(255))
    task = await created(client, name)
    id = await project(client, name)
    assert (await client.send("Tasks", orderBy="TITLE"))["edges"][0]["node"]["id"] == task["id"]
    assert (await client.send("Projects"))["edges"][0]["node"]["id"] == id
