"""A Redis that may throw rows away is told of when a worker starts."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.embedded.valkey import Valkey
from app.storage.redis_eviction import warn_of_eviction

pytestmark = pytest.mark.servers


@pytest.mark.parametrize(
    ("policy", "warned"), [("allkeys-lru", True), ("volatile-ttl", True), ("noeviction", False)]
)
async def test_a_policy_that_evicts_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, policy: str, warned: bool
) -> None:
    server = Valkey(tmp_path / "data", sockets=tmp_path / "run", log=tmp_path / "log", durable=False)
    server.start()
    try:
        await server.ready()
        async with Redis.from_url(server.url) as redis:
            await redis.config_set("maxmemory-policy", policy)
            await warn_of_eviction(redis)
    finally:
        await server.stop()
    assert (policy in caplog.text) is warned
