"""Fields that are read the quick way show what graphql-core shows."""

import re
from typing import Any
from uuid import uuid4

import pytest

from api.kit.execution import quick_fields
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

LISTS = """query($again: Boolean!) {
  last: tasks(first: 9) {
    totalCount
    nodes {
      __typename ...Task again: title @include(if: $again)
      project { id name owner { name status } tasks(first: 2) { edges { cursor node { id assignee { id } } } } }
    }
    edges { node { priority creator { id email name createdAt role isMember } } }
  }
  projects { nodes {
    name visibility owner { email } progress { todo } memberIds members { nodes { user { name } } }
  } }
  me { name email profile { bio } }
}
fragment Task on Task { id title status dueDate tags createdAt version assignee { ...Person } description }
fragment Person on User { id ... on User { name firstName } email }"""
BY_ID = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
  ... on Task { title creator { name email } project { name } }
  ... on Project { name owner { name } } } }"""
POSITION = re.compile(r'"position":"[0-9]+"')
PAST = """query($at: AsOf!) { tasks(asOf: $at) { nodes { title creator { id name } project { name } } } }"""


@pytest.fixture
async def garden(client: Client) -> list[str]:
    """Tasks with and without a project, one of which is private; the ids of all."""
    ids = [await project(client), await project(client, "Secret", visibility="PRIVATE")]
    for number in range(4):
        for place in (ids[0], ids[1], None):
            ids.append((await created(client, f"task {number}", projectId=place))["id"])
    return ids


async def _both(client: Client, monkeypatch: pytest.MonkeyPatch, document: str, **given: object) -> Any:
    """The answer, which is the same the quick way and the long way."""
    quick = (await client.post(document, given)).text
    with monkeypatch.context() as patched:
        # Nothing has a quick way, and nothing is loaded before.
        patched.setattr(quick_fields, "_way", lambda field: None)
        long = (await client.post(document, given)).text
    # Views have moved on in between.
    assert POSITION.sub("", quick) == POSITION.sub("", long)
    return quick


async def test_lists_and_what_they_are_linked_with(
    product: Product, client: Client, garden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    member = product.client(client.tenant, uuid4(), role="member")
    guest = product.client(client.tenant, uuid4(), role="guest")
    for who in (client, member, guest):
        for again in (True, False):
            answer = await _both(who, monkeypatch, LISTS, again=again)
            assert '"title":"task 3"' in answer
        await _both(who, monkeypatch, BY_ID, ids=garden)
    assert "Secret" not in await _both(member, monkeypatch, LISTS, again=True)


async def test_two_roots_of_which_one_waits_for_a_position(
    client: Client, garden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first has loaded may be older than that."""
    place = await project(client, "Orchard")
    receipt = await client.send("MoveTask", input={"id": garden[-1], "projectId": place})
    document = """query($after: Position!) {
      old: projects { nodes { owner { name } } }
      new: tasks(afterPosition: $after, first: 9) { nodes { project { name } creator { name } } } }"""
    assert "Orchard" in await _both(client, monkeypatch, document, after=receipt["position"])


async def test_the_past(client: Client, garden: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = await client.send("RenameTask", input={"id": garden[-1], "title": "later"})
    past = {"position": str(int(receipt["position"]) - 1)}
    assert "later" not in await _both(client, monkeypatch, PAST, at=past)


async def test_linked_rows_and_texts_are_loaded_before_a_list_is_shown(
    client: Client, garden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, set[bool]] = {}
    value = quick_fields._value

    def watched(step: Any, source: Any, context: Any) -> Any:
        found = value(step, source, context)
        seen.setdefault(step.called, set()).add(found is not quick_fields.PENDING)
        return found

    monkeypatch.setattr(quick_fields, "_value", watched)
    await client.post("{ tasks(first: 9) { nodes { title creator { name email } project { name } } } }")
    wanted = ("Task.title", "Task.creator", "Task.project", "User.name", "User.email", "Project.name")
    assert {name: seen[name] for name in wanted} == {name: {True} for name in wanted}
