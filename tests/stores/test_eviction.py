"""A Redis that may throw rows away is told of when a worker starts."""

from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.embedded.valkey import Valkey
from app.entry.worker import folding
from app.settings import Settings

pytestmark = pytest.mark.servers


@pytest.mark.parametrize(
    ("policy", "warned"), [("allkeys-lru", True), ("volatile-ttl", True), ("noeviction", False)]
)
async def test_a_policy_that_evicts_is_told_of(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture, policy: str, warned: bool
) -> None:
    """By the worker, as it opens its stores."""
    server = Valkey(tmp_path / "data", sockets=tmp_path / "run", log=tmp_path / "log", durable=False)
    server.start()
    try:
        await server.ready()
        async with Redis.from_url(server.url) as redis:
            await redis.config_set("maxmemory-policy", policy)
        async with folding(replace(settings, redis_url=server.url)):
            pass
    finally:
        await server.stop()
    assert (policy in caplog.text) is warned
