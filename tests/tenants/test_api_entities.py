"""The entity index through the API: by key, by kind and status, by kind and date; never another tenant's."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.tenants.companies import Companies
from tests.work.api import created, project


def _key(client: Client, rest: str) -> str:
    return f"TENANT#{client.tenant}#{rest}"


async def _listed(client: Client, **variables: Any) -> list[str]:
    listed = await client.send("Entities", **variables)
    return [edge["node"]["entityId"] for edge in listed["edges"]]


async def _folded(client: Client) -> str:
    """A position that the index must have come to; everything before it is the test's own."""
    position: str = (await client.send("CreateTask", input={"title": "Last"}))["position"]
    return position


async def test_a_tenants_configuration_is_one_look_up(client: Client) -> None:
    receipt = await client.send(
        "ChangeTenantSettings", input={"id": str(client.tenant), "settings": {"locale": "de"}}
    )
    config = await client.send("TenantConfig", afterPosition=receipt["position"])
    assert config == {
        "key": _key(client, "CONFIG"),
        "entityType": "CONFIG",
        "entityId": str(client.tenant),
        "status": "ACTIVE",
        "createdAt": config["createdAt"],
        "updatedAt": config["updatedAt"],
        "data": {
            "name": "Acme",
            "slug": f"acme-{client.tenant}",
            "region": "local",
            "placement": "pooled",
            "settings": {"locale": "de"},
        },
    }
    assert await client.send("Entity", key=_key(client, "CONFIG")) == config


async def test_a_user_is_one_look_up(client: Client) -> None:
    user = await client.send("TenantUser", id=client.me, afterPosition=await _folded(client))
    assert user["key"] == _key(client, f"USER#{client.me}")
    assert user["user"] == {"id": client.me, "name": "Ada"}
    assert (await client.send("Entity", key=user["key"]))["entityId"] == client.me


async def test_any_entity_is_found_by_its_key(client: Client) -> None:
    task, garden = await created(client), await project(client)
    after = await _folded(client)
    for rest, status in (
        (f"TASK#{task['id']}", "TODO"),
        (f"PROJECT#{garden}", "ACTIVE"),
        (f"USER#{client.me}", "ACTIVE"),
    ):
        entity = await client.send("Entity", key=_key(client, rest), afterPosition=after)
        assert (entity["status"], entity["key"]) == (status, _key(client, rest))


async def test_another_tenants_key_answers_nothing(companies: Companies, client: Client) -> None:
    other = await companies.founded()
    task = await created(other)
    key = _key(other, f"TASK#{task['id']}")
    assert await other.send("Entity", key=key, afterPosition=await _folded(other))
    assert await client.send("Entity", key=key) is None
    # Nor does its own partition with the other's id, nor anything in a list.
    assert await client.send("Entity", key=_key(client, f"TASK#{task['id']}")) is None
    assert await client.send("Entity", key=_key(other, "CONFIG")) is None
    assert await client.send("TenantUser", id=other.me) is None
    assert await _listed(client, type="TASK") == []


@pytest.mark.parametrize("rest", ["CAMPAIGN#{id}", "TASK#{id}", "NOTHING#{id}"])
async def test_what_is_not_there_is_not_found(client: Client, rest: str) -> None:
    assert await client.send("Entity", key=_key(client, rest.format(id=uuid4()))) is None


@pytest.mark.parametrize("key", ["", "CONFIG", "TENANT#1#CONFIG", "' or 1=1 --"])
async def test_what_is_no_key_is_an_error_of_the_client(client: Client, key: str) -> None:
    assert (await client.error("Entity", key=key))[0] == "BAD_USER_INPUT"


async def test_entities_are_listed_by_status(client: Client) -> None:
    ids = sorted([(await created(client, title))["id"] for title in ("One", "Two", "Three")])
    done = await client.send("CompleteTask", input={"id": ids[0]})
    after = done["position"]
    open_ = {"status": {"eq": "TODO"}}
    by_id = {"orderBy": "ID", "direction": "ASC", "afterPosition": after}
    assert await _listed(client, type="TASK", filter=open_, **by_id) == ids[1:]
    assert await _listed(client, type="TASK", filter={"status": {"eq": "COMPLETED"}}) == ids[:1]


async def test_entities_are_listed_by_date(client: Client) -> None:
    tasks = [await created(client, title) for title in ("One", "Two", "Three")]
    first, second, third = (task["createdAt"] for task in tasks)
    after = (await client.send("CompleteTask", input={"id": tasks[0]["id"]}))["position"]
    filter = {"createdAt": {"gte": second, "lt": third}}
    assert await _listed(client, type="TASK", filter=filter, afterPosition=after) == [tasks[1]["id"]]
    since_first = {"createdAt": {"gte": first}}
    assert await _listed(client, type="TASK", filter=since_first) == [task["id"] for task in reversed(tasks)]


async def test_entities_are_listed_by_pages(client: Client) -> None:
    tasks = [(await created(client, title))["id"] for title in ("One", "Two", "Three")]
    after = (await client.send("CompleteTask", input={"id": tasks[0]}))["position"]
    found: list[str] = []
    page: Any = None
    for _ in range(3):
        cursor = page and page["pageInfo"]["endCursor"]
        page = await client.send("Entities", type="TASK", first=1, after=cursor, afterPosition=after)
        found += [edge["node"]["entityId"] for edge in page["edges"]]
    assert found == tasks[::-1]
    assert (page["pageInfo"]["hasNextPage"], page["totalCount"]) == (False, 3)


async def test_a_kind_that_is_not_there_is_an_error_of_the_client(client: Client) -> None:
    assert (await client.error("Entities", type="NOTHING"))[0] == "BAD_USER_INPUT"


async def test_what_belongs_to_people_and_access_is_found_by_its_key(client: Client) -> None:
    role = await client.send("CreateRole", input={"name": "Gardeners", "permissions": ["work:read"]})
    invited = await client.send("InviteUser", input={"email": "eve@garden.example.com", "role": "MEMBER"})
    id = invited["invitation"]["id"]
    await client.send("WithdrawInvitation", input={"id": id})
    after = await _folded(client)
    wanted = {f"ROLE#{role['role']['id']}": "ACTIVE", f"INVITATION#{id}": "WITHDRAWN"}
    for key, status in wanted.items():
        found = await client.send("Entity", key=_key(client, key), afterPosition=after)
        assert (found["entityType"], found["status"]) == (key.partition("#")[0], status)


async def test_each_kind_takes_a_permission_of_its_own(product: Product, client: Client) -> None:
    task = await created(client)
    member = product.client(client.tenant, uuid4(), role="member")
    guest = product.client(client.tenant, uuid4(), role="guest")
    after = await _folded(client)
    # Private projects and their tasks are in the index, so members look for work where it is sorted out.
    task_key = _key(client, f"TASK#{task['id']}")
    assert (await member.error("Entity", key=task_key))[0] == "FORBIDDEN"
    assert (await member.error("Entities", type="PROJECT"))[0] == "FORBIDDEN"
    assert (await member.error("Entities", type="SUBSCRIPTION"))[0] == "FORBIDDEN"
    assert await _listed(guest, type="USER", afterPosition=after) == [client.me]
    assert (await guest.error("TenantConfig"))[0] == "FORBIDDEN"
    assert (await guest.error("Entity", key=_key(client, "CONFIG")))[0] == "FORBIDDEN"
