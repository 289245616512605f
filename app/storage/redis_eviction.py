"""Looks whether Redis may throw rows away."""

import asyncio
import logging
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

_RIGHT = "noeviction"
_PATIENCE = 2.0
_logger = logging.getLogger(__name__)


async def warn_of_eviction(redis: Redis) -> None:
    """Log it when the server evicts keys once its memory is full: rows would be rebuilt again and again.

    A server that does not answer now, or does not tell, is not waited for.
    """
    with suppress(RedisError, OSError):
        async with asyncio.timeout(_PATIENCE):
            policy = (await redis.info("memory")).get("maxmemory_policy", _RIGHT)
        if policy != _RIGHT:
            _logger.error(
                "Redis has the maxmemory-policy %s: evicted rows are rebuilt each time; set %s.",
                policy,
                _RIGHT,
            )
