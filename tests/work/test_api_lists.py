"""Lists of tasks: filters, orders, pages in both directions, cursors, and what a list costs."""

from functools import partial
from typing import Any

import pytest

from api.kit.schema.lists.signatures import Signature
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

FIRST, SECOND, THIRD = (f"2030-01-0{day}T00:00:00Z" for day in (1, 2, 3))
DUE = [FIRST, None, THIRD, SECOND, None, THIRD]
LATE = {"dueDate": {"gte": "2030-01-02T00:00:00Z"}}


@pytest.fixture(scope="module")
async def lister(product: Product) -> Client:
    """Somebody with six tasks: "0" to "5", in order of creation, due as `DUE` says."""
    client = await product.newcomer()
    for number, due in enumerate(DUE):
        await created(client, str(number), dueDate=due)
    return client


def titles(page: Any) -> str:
    """The titles of a page, run together."""
    return "".join(edge["node"]["title"] for edge in page["edges"])


async def test_each_filter_narrows_the_list(client: Client, product: Product) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    garden = await project(client)
    await created(client, "a", priority="HIGH", tags=["red", "big"], dueDate="2030-01-01T00:00:00Z")
    await created(client, "b", assignedTo=eve.me, tags=["red"], dueDate="2030-01-02T00:00:00Z")
    await created(client, "c", projectId=garden, description="Watering cans leak")
    done = await created(client, "d", dueDate="2030-01-03T00:00:00Z")
    await client.send("CompleteTask", input={"id": done["id"]})
    filters: dict[str, dict[str, Any]] = {
        "abcd": {},
        "d": {"status": {"in": ["COMPLETED", "CANCELLED"]}},
        "a": {"priority": {"in": ["HIGH"]}},
        "b": {"assignedTo": {"eq": eve.me}},
        "c": {"projectId": {"eq": garden}},
        "ab": {"tags": {"contains": ["red"]}},
        "a ": {"tags": {"contains": ["red", "big"]}},
        "bd": LATE,
        "a  ": {"dueDate": {"lt": "2030-01-02T00:00:00Z"}},
        "c ": {"text": "watered can"},
        "": {"status": {"in": []}},
        "abc": {"status": {"in": ["TODO"]}, "tags": {"contains": []}, "text": " "},
        "b ": {**LATE, "tags": {"contains": ["red"]}, "status": {"in": ["TODO"]}},
    }
    found = {
        expected: titles(await client.send("Tasks", filter=filter, direction="ASC"))
        for expected, filter in filters.items()
    }
    assert found == {expected: expected.strip() for expected in filters}


@pytest.mark.parametrize(
    ("order", "direction", "expected"),
    [
        ("CREATED_AT", "ASC", "012345"),
        ("CREATED_AT", "DESC", "543210"),
        # Equals stand in order of creation, since ids do; those without a date come last either way.
        ("DUE_DATE", "ASC", "032514"),
        ("DUE_DATE", "DESC", "523041"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
async def test_pages_walk_the_whole_list_both_ways(
    lister: Client, order: str, direction: str, expected: str, size: int
) -> None:
    sorting = {"orderBy": order, "direction": direction}
    forward, cursor = "", None
    while True:
        page = await lister.send("Tasks", **sorting, first=size, after=cursor)
        assert page["pageInfo"]["hasPreviousPage"] is (cursor is not None)
        forward, cursor = forward + titles(page), page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    backward, cursor = "", None
    while True:
        page = await lister.send("Tasks", **sorting, last=size, before=cursor)
        assert page["pageInfo"]["hasNextPage"] is (cursor is not None)
        backward, cursor = titles(page) + backward, page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert (forward, backward) == (expected, expected)


@pytest.mark.parametrize("order", ["CREATED_AT", "DUE_DATE"])
async def test_two_cursors_bound_a_page(lister: Client, order: str) -> None:
    everything = await lister.send("Tasks", orderBy=order, direction="ASC")
    cursors = [edge["cursor"] for edge in everything["edges"]]
    for low in range(6):
        for high in range(6):
            page = await lister.send(
                "Tasks", orderBy=order, direction="ASC", first=9, after=cursors[low], before=cursors[high]
            )
            assert titles(page) == titles(everything)[low + 1 : high]


async def test_pages_neither_repeat_nor_miss_while_tasks_are_added(client: Client) -> None:
    first = [(await created(client, str(number)))["id"] for number in range(12)]
    seen: list[str] = []
    cursor = None
    while len(seen) < 12:
        page = await client.send("Tasks", first=5, after=cursor)
        seen += [edge["node"]["id"] for edge in page["edges"]]
        cursor = page["pageInfo"]["endCursor"]
        await created(client, "in between")
    assert seen == first[::-1]


async def test_a_page_in_full(lister: Client) -> None:
    page = await lister.send("Tasks", first=1, direction="ASC")
    ((edge,),) = (page["edges"],)
    id, at = edge["node"]["id"], edge["node"]["createdAt"]
    assert page == {
        "edges": [
            {
                "cursor": edge["cursor"],
                "node": {
                    "id": id,
                    "title": "0",
                    "description": "",
                    "status": "TODO",
                    "priority": "MEDIUM",
                    "dueDate": "2030-01-01T00:00:00Z",
                    "tags": [],
                    "createdAt": at,
                    "updatedAt": at,
                    "completedAt": None,
                    "creator": {"id": lister.me, "name": "Ada"},
                    "assignee": None,
                    "project": None,
                },
            }
        ],
        "pageInfo": {
            "hasNextPage": True,
            "hasPreviousPage": False,
            "startCursor": edge["cursor"],
            "endCursor": edge["cursor"],
        },
    }


async def test_a_page_holds_0_to_100(client: Client, lister: Client) -> None:
    nothing = await lister.send("Tasks", first=0)
    onward = nothing["pageInfo"].pop("endCursor")
    assert nothing == {
        "edges": [],
        "pageInfo": {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None},
    }
    assert isinstance(onward, str)
    assert titles(await lister.send("Tasks", first=100)) == "543210"
    sizes: list[dict[str, int]] = [{"first": 101}, {"first": -1}, {"last": 101}, {"last": -1}]
    refused = [await client.error("Tasks", **size) for size in sizes]
    assert refused == [
        ("BAD_USER_INPUT", f"{name} must be from 0 to 100, not {limit}: a page holds no more.")
        for name in ("first", "last")
        for limit in (101, -1)
    ]
    assert (await client.send("Tasks", first=0))["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }
    assert await client.error("Tasks", first=1, last=1) == ("BAD_USER_INPUT", "Give first or last, not both.")


async def test_a_text_to_look_for_has_at_most_1000_characters(client: Client) -> None:
    await client.send("Tasks", filter={"text": "a or " * 200})
    refused = await client.error("Tasks", filter={"text": "a or " * 200 + "b"})
    assert refused == ("BAD_USER_INPUT", "The text is longer than 1000 characters.")


async def test_a_cursor_is_good_for_its_own_list_in_its_own_order(lister: Client, product: Product) -> None:
    cursor = (await lister.send("Tasks", first=1))["edges"][0]["cursor"]
    stranger = await product.newcomer()
    person = (await lister.send("Users", first=1))["edges"][0]["cursor"]
    bad = ("BAD_CURSOR", "This cursor was not given out for this list in this order.")
    refused = [
        await lister.error("Tasks", first=1, after=cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")),
        await lister.error("Tasks", first=1, after=cursor, direction="ASC"),
        await lister.error("Tasks", first=1, after=cursor, orderBy="DUE_DATE"),
        await stranger.error("Tasks", first=1, after=cursor),
        await lister.error("Tasks", first=1, after=person),
        *[
            await lister.error("Tasks", last=1, before=text)
            for text in ("", "x", "é", "=" * 5_000, cursor[16:])
        ],
    ]
    assert refused == [bad] * 10


async def test_the_total_is_counted_only_when_it_is_asked_for(lister: Client, product: Product) -> None:
    product.statements.clear()
    await lister.send("Tasks")
    assert [statement for statement in product.statements if "count(*)" in statement] == []
    assert await lister.send("CountTasks", filter=LATE) == {"totalCount": 3}
    assert len([statement for statement in product.statements if "count(*)" in statement]) == 1


async def test_a_longer_page_asks_the_database_no_more_often(client: Client, product: Product) -> None:
    people = [client.me, *[(await product.newcomer(tenant=client.tenant)).me for _ in range(3)]]
    projects = [await project(client, str(number)) for number in range(5)]
    for number in range(50):
        await created(client, str(number), assignedTo=people[number % 4], projectId=projects[number % 5])
    statements = {}
    for size in (1, 50):
        ask = partial(client.send, "Tasks", first=size)
        assert len((await ask())["edges"]) == size
        statements[size] = await product.statements_of(ask)
    assert [len(statements[1]), len(statements[50])] == [2, 2], (
        "the page, and its people; projects come from Redis"
    )


async def test_a_cursor_is_signed_only_for_who_asks(lister: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[bytes] = []
    sign = Signature.cursor

    def watched(signature: Signature, body: bytes) -> str:
        signed.append(body)
        return sign(signature, body)

    monkeypatch.setattr(Signature, "cursor", watched)
    counts = []
    for selection in ("nodes { id }", "edges { node { id } cursor }", "pageInfo { endCursor }"):
        response = await lister.post(f"{{ tasks(first: 6) {{ {selection} }} }}")
        assert "errors" not in response.json()
        counts.append(len(signed))
        signed.clear()
    assert counts == [0, 6, 1]


async def test_lists_in_a_list_are_read_at_once(client: Client, product: Product) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    added: Any = None
    for number in range(12):
        id = await project(client, str(number))
        added = await client.send("AddProjectMember", input={"id": id, "userId": eve.me})
    query = """query ($first: Int!, $position: Position!) {
        projects(first: $first, afterPosition: $position) {
            nodes { owner { name } members { nodes { user { name } } } progress { todo } }
        }
    }"""
    statements = {}
    for size in (2, 12):
        ask = partial(client.post, query, {"first": size, "position": added["position"]})
        answer = (await ask()).json()
        nodes = answer["data"]["projects"]["nodes"]
        names = [{member["user"]["name"] for member in node["members"]["nodes"]} for node in nodes]
        assert (names, "stale" in answer["extensions"]) == ([{"Ada", "Eve"}] * size, False)
        statements[size] = len(await product.statements_of(ask))
    assert statements[2] == statements[12]


@pytest.mark.parametrize(
    ("size", "way", "more", "cursor", "order"),
    [
        ("first", "after", "hasNextPage", "endCursor", "543210"),
        ("last", "before", "hasPreviousPage", "startCursor", "012345"),
    ],
)
async def test_a_page_of_nothing_says_where_it_stands(
    lister: Client, size: str, way: str, more: str, cursor: str, order: str
) -> None:
    """Whoever asks for none and is told that there are more can go on from there."""
    seen, at = "", None
    for _ in range(len(DUE)):
        nothing = (await lister.send("Tasks", **{size: 0, way: at}))["pageInfo"]
        assert nothing[more]
        answer = await lister.send("Tasks", **{size: 1, way: nothing[cursor]})
        seen, at = seen + titles(answer), answer["pageInfo"][cursor]
    assert seen == order
    assert not (await lister.send("Tasks", **{size: 0, way: at}))["pageInfo"][more]


async def test_a_page_of_nothing_over_rest_says_where_it_stands(lister: Client) -> None:
    headers = {"authorization": f"Bearer {lister.token}"}
    nothing = (await lister.http.get("/tasks", params={"first": 0}, headers=headers)).json()["pageInfo"]
    assert nothing["hasNextPage"]
    page = {"first": 6, "after": nothing["endCursor"]}
    shown = (await lister.http.get("/tasks", params=page, headers=headers)).json()
    assert [node["title"] for node in shown["nodes"]] == list("543210")
