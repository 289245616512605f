"""Reading Redis views: typed rows of one tenant in one round trip, or Unavailable."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic
from uuid import UUID

import msgspec
from redis import exceptions
from redis.asyncio import Redis

from projections.kit.declare.folds import Key
from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import R
from projections.kit.read.circuit_breaker import Breaker, Unavailable
from projections.kit.read.live_generations import NotServed, Serving
from projections.kit.store.keys import KeySpace, Mark
from projections.kit.store.redis_scripts import READ

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
class Read(Generic[R]):
    """Rows found, absent ones left out, and the position of the log that they all reflect."""

    rows: dict[Key, R]
    position: int
    beside: list[str | bytes | None]
    """The values of the plain keys that were read in the same round trip."""


class RedisRows(Generic[R]):
    """The rows of a Redis view, for readers, in the generation that is live.

    There is no way to read without naming the tenant. Raises Unavailable when Redis is down or slow, when
    the view is still being filled, when it has not come to ``at_least`` (a position) yet, or when a row of the
    tenant was lost: who finds that it is not there puts this on record, and the tenant's rows are rebuilt.
    """

    def __init__(
        self,
        view: RedisView[R],
        redis: Redis,
        live: Serving,
        prefix: str = "hw",
        breaker: Breaker | None = None,
    ) -> None:
        self.view = view
        self._live, self._prefix = live, prefix
        self._spaces: dict[int, KeySpace] = {}
        self._redis = redis
        self._breaker = breaker or redis_breaker()
        self._decode: Callable[[bytes | str], R] = msgspec.json.Decoder(view.row).decode
        self._epochs: dict[int, str] = {}
        self._read = redis.register_script(READ)

    @property
    def keys(self) -> KeySpace:
        """The keys of the generation that is read now. Raises Unavailable when there is none yet."""
        return self._space(self._generation())

    def _generation(self) -> int:
        try:
            return self._live.generation(type(self.view))
        except NotServed as error:
            raise Unavailable(str(error)) from error

    def _space(self, generation: int) -> KeySpace:
        if generation not in self._spaces:
            self._spaces[generation] = KeySpace(
                self.view, pattern=self.view.pattern, generation=generation, prefix=self._prefix
            )
        return self._spaces[generation]

    async def get(self, tenant_id: UUID, *key: object, at_least: int = 0) -> R | None:
        """The row with this key, or None when there is none."""
        return (await self.read(tenant_id, [key], at_least=at_least)).rows.get(key)

    async def get_many(self, tenant_id: UUID, keys: Collection[Key], *, at_least: int = 0) -> dict[Key, R]:
        """The rows with these keys; absent ones are left out."""
        return (await self.read(tenant_id, keys, at_least=at_least)).rows

    async def read(
        self, tenant_id: UUID, keys: Collection[Key], *, at_least: int = 0, beside: Sequence[str] = ()
    ) -> Read[R]:
        """Rows, position and, where asked for, other plain keys, all as of one moment."""
        # The epoch is guessed from the last read, so that one step is enough; it changes only on a refill.
        generation = self._generation()
        space = self._space(generation)
        for _ in range(3):
            expected = self._epochs.get(generation, "")
            wanted = [space.row(expected, tenant_id, key) for key in keys]
            async with self._breaker.guard():
                answer = await self._read(
                    keys=[space.mark, space.roster, *beside, *wanted],
                    args=[expected, len(space.rows(expected)), len(beside)],
                )
            if not answer:
                raise Unavailable(f"{self.view.name} is not filled")
            mark, *values = answer
            current = Mark.read(mark)
            self._epochs[generation] = current.epoch
            if current.epoch == expected:
                break
        else:
            raise Unavailable(f"{self.view.name} keeps being refilled")
        if not current.open:
            raise Unavailable(f"{self.view.name} is being filled")
        if tenant_id in current.lost:
            raise Unavailable(f"{self.view.name} has lost rows of {tenant_id}")
        if current.position < at_least:
            raise Unavailable(f"{self.view.name} is at {current.position}, not yet at {at_least}")
        found = zip(keys, values[len(beside) :], strict=True)
        return Read(
            rows={key: self._decode(value) for key, value in found if value is not None},
            position=current.position,
            beside=values[: len(beside)],
        )
