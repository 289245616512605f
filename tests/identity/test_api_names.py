"""Lists by name: in the order in which people sort names, now and in the past, page by page."""

from typing import Any

from tests.kit.client import Client
from tests.work.api import project

_PEOPLE = """query($asOf: AsOf, $after: String, $before: String, $first: Int, $last: Int, $direction: Direction) {
  users(orderBy: LAST_NAME, asOf: $asOf, after: $after, before: $before, first: $first, last: $last,
    direction: $direction) {
    nodes { lastName firstName } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  }
}"""
_NAMES = ["Zuse", "adams", "de la Cruz", "van Dijk", "Ährenfeld", "Åberg", "Émile", "Emilia", "Abel"]
_IN_ORDER = ["Abel", "Åberg", "adams", "Ährenfeld", "de la Cruz", "Émile", "Emilia", "van Dijk", "Zuse"]


async def _page(client: Client, **variables: Any) -> Any:
    answer = (await client.post(_PEOPLE, variables)).json()
    assert "errors" not in answer, answer
    return answer["data"]["users"]


async def _pages(client: Client, **variables: Any) -> list[str]:
    """The last names on all pages of two."""
    names: list[str] = []
    after = None
    while True:
        page = await _page(client, first=2, after=after, **variables)
        names += [node["lastName"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return [name for name in names if name]
        after = page["pageInfo"]["endCursor"]


async def test_people_sort_by_name_now_and_in_the_past(client: Client) -> None:
    receipt: Any = None
    for name in _NAMES:
        email = f"{len(name)}.{name.encode().hex()}@example.com"
        receipt = await client.send(
            "RegisterUser", input={"email": email, "firstName": "Ann", "lastName": name}
        )
    at = receipt["position"]
    email = f"bob.{client.me}@example.com"
    receipt = await client.send(
        "RegisterUser", input={"email": email, "firstName": "Bob", "lastName": "Berg"}
    )
    assert await client.send("User", id=receipt["user"]["id"], afterPosition=receipt["position"])
    now = sorted([*_IN_ORDER, "Berg"], key=[*_IN_ORDER[:4], "Berg", *_IN_ORDER[4:]].index)
    assert await _pages(client) == now
    assert await _pages(client, direction="DESC") == now[::-1]
    assert await _pages(client, asOf={"position": at}) == _IN_ORDER
    assert await _pages(client, asOf={"position": at}, direction="DESC") == _IN_ORDER[::-1]
    end = (await _page(client, last=1))["pageInfo"]["startCursor"]
    before = await _page(client, last=2, before=end)
    assert [node["lastName"] for node in before["nodes"]] == now[-3:-1]


async def test_who_has_one_last_name_sorts_by_the_first(client: Client) -> None:
    receipt: Any = None
    for number, name in enumerate(("Örjan", "anna", "Östen", "Bo")):
        email = f"{number}.{client.me}@example.com"
        receipt = await client.send(
            "RegisterUser", input={"email": email, "firstName": name, "lastName": "Ek"}
        )
    assert await client.send("User", id=receipt["user"]["id"], afterPosition=receipt["position"])
    found = await _page(client)
    assert [node["firstName"] for node in found["nodes"] if node["lastName"]] == [
        "anna",
        "Bo",
        "Örjan",
        "Östen",
    ]


async def test_projects_sort_by_name(client: Client) -> None:
    for name in ("Winter campaign", "apple plan", "zebra plan", "Ärger plan"):
        await project(client, name)
    answer = (await client.post("{ projects(orderBy: NAME) { nodes { name } } }")).json()
    names = [node["name"] for node in answer["data"]["projects"]["nodes"]]
    assert names == ["apple plan", "Ärger plan", "Winter campaign", "zebra plan"]


async def test_a_name_of_the_past_is_shown_as_it_was(client: Client) -> None:
    """Events hold names sealed; wherever rows of the past are shown, they are opened as the table's are."""
    email = f"bob.{client.me}@example.com"
    receipt = await client.send(
        "RegisterUser", input={"email": email, "firstName": "Bob", "lastName": "Berg"}
    )
    id, at = receipt["user"]["id"], receipt["position"]
    await client.send("UpdateProfile", input={"id": id, "lastName": "Burg"})
    for query in (
        "query($id: ID!) { user(id: $id, version: 1) { firstName lastName name } }",
        "query($id: ID!, $at: Position!) { user(id: $id, asOf: {position: $at}) { firstName lastName name } }",
    ):
        answer = (await client.post(query, {"id": id, "at": at} if "$at" in query else {"id": id})).json()
        assert answer["data"]["user"] == {"firstName": "Bob", "lastName": "Berg", "name": "Bob Berg"}
