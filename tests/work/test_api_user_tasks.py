"""The tasks given to a user: a field that work adds to the users of identity."""

from functools import partial
from typing import Any, cast
from uuid import uuid4

import pytest
import strawberry

from api.identity.users import User
from api.kit.schema.node_types import extend
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

TASKS = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { user(id: $id) { name
  tasks(first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { title } pageInfo { endCursor startCursor hasNextPage hasPreviousPage } } } }"""


async def _tasks(client: Client, **given: object) -> Any:
    answer = (await client.post(TASKS, {"id": client.me, **given})).json()
    assert "errors" not in answer, answer
    return answer["data"]["user"]["tasks"]


async def test_the_tasks_given_to_a_user_are_paged_in_both_directions(client: Client) -> None:
    titles = [f"task {number}" for number in range(5)]
    for title in titles:
        await created(client, title, assignedTo=client.me)
        await created(client, "nobody's")
    page = await _tasks(client, first=3)
    assert ([node["title"] for node in page["nodes"]], page["totalCount"]) == (titles[:1:-1], 5)
    rest = await _tasks(client, first=3, after=page["pageInfo"]["endCursor"])
    assert [node["title"] for node in rest["nodes"]] == titles[1::-1]
    assert not rest["pageInfo"]["hasNextPage"]
    back = await _tasks(client, last=3, before=rest["pageInfo"]["startCursor"])
    assert back["nodes"] == page["nodes"]


async def test_those_of_a_hidden_project_are_not_among_them(product: Product, client: Client) -> None:
    secret = await project(client, "Secret", visibility="PRIVATE")
    await created(client, "hidden", projectId=secret, assignedTo=client.me)
    await created(client, "open", assignedTo=client.me)
    assert (await _tasks(client))["totalCount"] == 2
    member = product.client(client.tenant, uuid4(), role="member")
    answer = (await member.post(TASKS, {"id": client.me})).json()["data"]["user"]["tasks"]
    assert ([node["title"] for node in answer["nodes"]], answer["totalCount"]) == (["open"], 1)


async def test_they_take_the_permission_of_tasks_and_not_that_of_users(
    product: Product, client: Client
) -> None:
    tokens = product.token(client.tenant, uuid4(), ["users:read"])
    other = Client(product.http, tokens, client.tenant, uuid4())
    answer = (await other.post(TASKS, {"id": client.me})).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "work:read" in answer["errors"][0]["message"]
    assert (await other.post("query($id: ID!) { user(id: $id) { name } }", {"id": client.me})).json()[
        "data"
    ] == {"user": {"name": "Ada"}}


async def test_those_of_many_users_are_read_in_as_many_queries_as_those_of_one(
    product: Product, client: Client
) -> None:
    for name in ("Ben", "Eve"):
        other = await product.newcomer(name, tenant=client.tenant)
        await created(client, f"for {name}", assignedTo=other.me)
    document = """query($first: Int!) { users(first: $first) { nodes {
      tasks(first: 2) { totalCount nodes { title } } } } }"""
    counts = []
    for first in (1, 3):
        ask = partial(client.post, document, {"first": first})
        counts.append(len(await product.statements_of(ask)))
        answer = (await ask()).json()
        assert len(answer["data"]["users"]["nodes"]) == first
    assert counts[0] == counts[1]


def test_a_field_of_another_contexts_type_says_what_it_needs_and_takes_no_name_of_it() -> None:
    def resolve() -> str:
        return ""

    free: Any = strawberry.field(resolver=resolve, description="A toy.", metadata={"needs": "work:read"})
    with pytest.raises(TypeError, match=r"User\.toy"):
        extend(User, toy=cast(Any, strawberry.field(resolver=resolve)))
    with pytest.raises(TypeError, match=r"User\.tasks"):
        extend(User, tasks=free)
