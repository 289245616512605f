"""How long each class of what is cached, and each token, is good for, as the catalogue says (CAC-01 to CAC-04)."""

from datetime import datetime

import jwt
from redis.asyncio import Redis

from projections.work.tags import PROJECT_SEARCHES, TASK_SEARCHES
from tests.auth.people import registered
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

MINUTES, HOUR = 5 * 60, 60 * 60


async def longest(product: Product, pattern: str) -> float:
    """The seconds that the keys of this pattern have left at most; there is at least one."""
    async with Redis.from_url(product.settings.redis_url) as redis:
        left = [await redis.pttl(key) for key in await redis.keys(pattern)]
    assert left, pattern
    assert min(left) > 0, "a key that never expires"
    return float(max(left)) / 1000


async def test_an_access_token_is_good_for_a_quarter_of_an_hour(product: Product) -> None:
    ada = await registered(product)
    claims = jwt.decode(ada.given["accessToken"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == ada.given["expiresIn"] == 15 * 60


async def test_a_session_is_kept_for_an_hour(product: Product) -> None:
    ada = await registered(product)
    [session] = (await ada.client.post("{ mySessions { nodes { createdAt expiresAt } } }")).json()["data"][
        "mySessions"
    ]["nodes"]
    begun, ends = (datetime.fromisoformat(session[name]) for name in ("createdAt", "expiresAt"))
    assert (ends - begun).days == 14
    assert HOUR - 60 < await longest(product, "*rd:session:*") <= HOUR


async def test_lists_of_tasks_are_kept_for_five_minutes(product: Product, client: Client) -> None:
    await created(client, "Water the plants")
    await client.send("UserTasks")
    assert MINUTES - 60 < await longest(product, f"*cache:t:{client.tenant}:user:tasks:*") <= MINUTES


def test_searches_are_kept_for_five_minutes() -> None:
    """Only what OpenSearch answers is kept; that it is, tests/stores/test_cache.py shows for every class."""
    assert {cached.ttl.total_seconds() for cached in (TASK_SEARCHES, PROJECT_SEARCHES)} == {MINUTES}


async def test_profiles_and_projects_are_kept_for_five_minutes_and_counts_for_an_hour(
    product: Product, client: Client
) -> None:
    garden = await project(client)
    task = await created(client, projectId=garden, assignedTo=client.me)
    done = await client.send("CompleteTask", input={"id": task["id"]})
    await client.send("TaskStats", afterPosition=done["position"])
    await client.send("User", id=client.me, afterPosition=done["position"])
    mine = f"*t:{client.tenant}:"
    for pattern, seconds in (
        (f"{mine}user:profile:{client.me}", MINUTES),
        (f"{mine}project:{garden}:members", MINUTES),
        (f"{mine}stats:user:{client.me}:daily", HOUR),
    ):
        assert seconds - 60 < await longest(product, pattern) <= seconds
