"""Reading Redis views: typed rows of one tenant in one round trip, or Unavailable."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import msgspec
from redis import exceptions
from redis.asyncio import Redis

from projections.kit.breaker import Breaker, Unavailable
from projections.kit.keys import KeySpace, Mark
from projections.kit.redis import RedisView
from projections.kit.view import Key

Row = TypeVar("Row")

REDIS_FAULTS: tuple[type[Exception], ...] = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
)
"""What a Redis that is down, loading, full or demoted answers; anything else is a mistake of ours."""


def redis_breaker(*, timeout: float = 0.25) -> Breaker:
    """A breaker for one Redis server, to be shared by its readers and caches; seconds for each call."""
    return Breaker("Redis", faults=REDIS_FAULTS, timeout=timeout)


@dataclass(frozen=True, slots=True)
class Read(Generic[Row]):
    """Rows found, absent ones left out, and the position of the log that they all reflect."""

    rows: dict[Key, Row]
    position: int
    beside: list[str | bytes | None]
    """The values of the plain keys that were read in the same round trip."""


class RedisRows(Generic[Row]):
    """The rows of one generation of a Redis view, for readers.

    There is no way to read without naming the tenant. Raises Unavailable when Redis is down or slow, when
    the view is still being filled, or when it has not come to ``at_least`` (a position) yet.
    """

    def __init__(
        self,
        view: RedisView[Row],
        redis: Redis,
        generation: int,
        prefix: str = "hw",
        breaker: Breaker | None = None,
    ) -> None:
        self.view = view
        self.keys = KeySpace(view, pattern=view.pattern, generation=generation, prefix=prefix)
        self._redis = redis
        self._breaker = breaker or redis_breaker()
        self._decode: Callable[[bytes | str], Row] = msgspec.json.Decoder(view.row).decode
        self._epoch = ""

    async def get(self, tenant_id: UUID, *key: object, at_least: int = 0) -> Row | None:
        """The row with this key, or None when there is none."""
        return (await self.read(tenant_id, [key], at_least=at_least)).rows.get(key)

    async def get_many(self, tenant_id: UUID, keys: Collection[Key], *, at_least: int = 0) -> dict[Key, Row]:
        """The rows with these keys; absent ones are left out."""
        return (await self.read(tenant_id, keys, at_least=at_least)).rows

    async def read(
        self, tenant_id: UUID, keys: Collection[Key], *, at_least: int = 0, beside: Sequence[str] = ()
    ) -> Read[Row]:
        """Rows, position and, where asked for, other plain keys, all as of one moment."""
        # The epoch is guessed from the last read, so that one MGET is enough; it changes only on a refill.
        for _ in range(3):
            asked = self._epoch
            wanted = [self.keys.row(asked, tenant_id, key) for key in keys]
            async with self._breaker.guard():
                mark, *values = await self._redis.mget([self.keys.mark, *beside, *wanted])
            if mark is None:
                raise Unavailable(f"{self.view.name} is not filled")
            current = Mark.read(mark)
            self._epoch = current.epoch
            if current.epoch == asked:
                break
        else:
            raise Unavailable(f"{self.view.name} keeps being refilled")
        if not current.open:
            raise Unavailable(f"{self.view.name} is being filled")
        if current.position < at_least:
            raise Unavailable(f"{self.view.name} is at {current.position}, not yet at {at_least}")
        found = zip(keys, values[len(beside) :], strict=True)
        return Read(
            rows={key: self._decode(value) for key, value in found if value is not None},
            position=current.position,
            beside=values[: len(beside)],
        )
