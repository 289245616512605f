"""Feature flags through the API, and the cached answers to whether a feature is on."""

from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from api.work.search import HIGHLIGHTS
from projections.tenancy.flags import FLAGS
from tests.kit.client import Client
from tests.kit.product import Product
from tests.tenants.companies import Companies
from tests.work.api import created, refused

NAME = "search.suggestions"


async def _added(client: Client, **input: object) -> Any:
    receipt = await client.send("AddFeatureFlag", input={"featureName": NAME, **input})
    assert "featureFlag" in receipt, receipt
    return receipt


async def _changed(client: Client, mutation: str, **input: object) -> str:
    receipt = await client.send(mutation, input=input)
    assert "position" in receipt, receipt
    position: str = receipt["position"]
    return position


async def test_adds_a_flag(client: Client) -> None:
    flag = (await _added(client, config={"most": 3}))["featureFlag"]
    assert flag == {
        "id": flag["id"],
        "featureName": NAME,
        "enabled": True,
        "config": {"most": 3},
        "createdAt": flag["createdAt"],
        "updatedAt": flag["createdAt"],
    }


async def test_a_name_is_used_once_until_it_is_given_back(client: Client) -> None:
    first = (await _added(client))["featureFlag"]["id"]
    again = await client.send("AddFeatureFlag", input={"featureName": NAME})
    assert again == refused("already_taken", "featureName", "Feature name is already in use.")
    removed = await client.send("RemoveFeatureFlag", input={"id": first})
    assert removed["featureFlag"] is None
    assert (await _added(client, enabled=False))["featureFlag"]["enabled"] is False
    listed = await client.send("FeatureFlags")
    assert [edge["node"]["enabled"] for edge in listed["edges"]] == [False]


async def test_two_tenants_have_flags_of_one_name(companies: Companies, client: Client) -> None:
    other = await companies.founded()
    mine = await _added(client)
    foreign = await _added(other, enabled=False)
    answers = [
        await caller.send("FeatureEnabled", name=NAME, afterPosition=foreign["position"])
        for caller in (client, other)
    ]
    assert answers == [True, False]
    id = foreign["featureFlag"]["id"]
    assert await client.send("SetFeatureFlag", input={"id": id, "enabled": True}) == refused(
        "not_found", "id", "There is no such feature flag."
    )
    listed = await client.send("FeatureFlags")
    assert [edge["node"]["id"] for edge in listed["edges"]] == [mine["featureFlag"]["id"]]


async def test_flags_are_listed_by_name_and_filtered(client: Client) -> None:
    for name, enabled in (("b", False), ("a", True), ("c", True)):
        await _added(client, featureName=name, enabled=enabled)

    async def names(**filter: object) -> list[str]:
        listed = await client.send("FeatureFlags", filter=filter)
        return [edge["node"]["featureName"] for edge in listed["edges"]]

    assert await names() == ["a", "b", "c"]
    assert await names(enabled={"eq": True}) == ["a", "c"]
    assert await names(enabled={"eq": False}) == ["b"]
    assert await names(featureName={"eq": "b"}) == ["b"]


@pytest.mark.parametrize("default", [True, False])
async def test_a_tenant_without_the_flag_has_the_default(client: Client, default: bool) -> None:
    assert await client.send("FeatureEnabled", name=NAME, default=default) is default


async def test_every_change_shows_in_the_next_answer_that_asks_for_it(client: Client) -> None:
    position: Any = None
    added = await _added(client)
    id = added["featureFlag"]["id"]

    async def enabled() -> bool:
        answer: bool = await client.send("FeatureEnabled", name=NAME, afterPosition=position)
        return answer

    assert await enabled() is True
    position = await _changed(client, "SetFeatureFlag", id=id, enabled=False)
    assert await enabled() is False
    position = await _changed(client, "SetFeatureFlag", id=id, enabled=True)
    assert await enabled() is True
    position = await _changed(client, "RemoveFeatureFlag", id=id)
    assert await enabled() is False


async def test_a_cached_answer_lives_five_minutes_at_most(product: Product, client: Client) -> None:
    added = await _added(client)
    await client.send("FeatureEnabled", name=NAME, afterPosition=added["position"])
    async with Redis.from_url(product.settings.redis_url) as redis:
        [key] = await redis.keys(f"*:cache:t:{client.tenant}:flag:{NAME}")
        left = await redis.pttl(key)
    assert FLAGS.ttl.total_seconds() == 300
    assert 0 < left <= 300_000


async def test_a_tenant_switches_highlights_of_searches_off(client: Client) -> None:
    task = await created(client, "Water the plants")
    after = (await client.send("CompleteTask", input={"id": task["id"]}))["position"]

    async def highlighted() -> bool:
        found = await client.send("SearchTasks", text="plants", afterPosition=after)
        [hit] = found["edges"]
        return bool(hit["highlights"])

    assert await highlighted()
    after = (await _added(client, featureName=HIGHLIGHTS, enabled=False))["position"]
    await client.send("FeatureEnabled", name=HIGHLIGHTS, afterPosition=after)
    assert not await highlighted()


@pytest.mark.parametrize("name", ["", "A", "a b", "a:b", "a*", "{name}", "x" * 101])
async def test_what_no_flag_can_be_called_is_not_kept(product: Product, client: Client, name: str) -> None:
    assert await client.send("FeatureEnabled", name=name, default=True) is True
    async with Redis.from_url(product.settings.redis_url) as redis:
        assert await redis.keys(f"*:cache:t:{client.tenant}:flag:*") == []


@pytest.mark.parametrize("role", ["member", "guest"])
async def test_members_and_guests_change_nothing(product: Product, client: Client, role: str) -> None:
    id = (await _added(client))["featureFlag"]["id"]
    someone = product.client(client.tenant, uuid4(), role=role)
    for mutation, input in (
        ("AddFeatureFlag", {"featureName": "mine"}),
        ("SetFeatureFlag", {"id": id, "enabled": False}),
        ("RemoveFeatureFlag", {"id": id}),
    ):
        code, _ = await someone.error(mutation, input=input)
        assert code == "FORBIDDEN"
