"""The read-through cache: answers of declared classes, in process and in Redis, made old by events."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from projections.kit.declare.invalidation import Marker
from projections.kit.read.circuit_breaker import Breaker, Unavailable
from projections.kit.read.live_generations import nobodys
from projections.kit.read.memory_cache import MemoryCache
from projections.kit.read.redis_reader import Read, RedisRows
from projections.kit.read_position import note_position
from projections.kit.shared_reads import another
from projections.kit.store.keys import KeyPattern, part

T = TypeVar("T")

_LARGEST = 256_000
"""Bytes of an answer that is kept, as JSON. What is larger is loaded each time: anybody can ask for many such."""
_NEAR = 16_000_000
"""Bytes of all answers in the process, counted as JSON."""


@dataclass(frozen=True)
class Cached(Generic[T]):
    """A class of cached answers.

        TASKS = Cached("user:tasks:{user_id}:page:{page}", TaskPage, ttl=timedelta(minutes=5),
                       tags=("user:{user_id}", "tasks"))

    ``pattern`` is the key behind the tenant's prefix; ``value`` what msgspec makes of the stored JSON, to be
    treated as frozen since requests share it; ``tags`` are filled from the same parameters.
    """

    pattern: str
    value: type[T]
    ttl: timedelta
    tags: tuple[str, ...]

    @property
    def shape(self) -> KeyPattern:
        """The pattern, parsed."""
        return KeyPattern(self.pattern)


@dataclass(frozen=True, slots=True)
class CachedAnswer(Generic[T]):
    """A value that reflects the log up to ``position``, and maybe more."""

    value: T
    position: int


Load = Callable[[], Awaitable[tuple[T, int]]]
"""Makes the value, and says up to which position of the log it is complete. The position must be read
before the data or in one snapshot with it."""


class _Entry(msgspec.Struct):
    position: int
    value: msgspec.Raw


class Cache:
    """Reads through: process, then Redis, then the loader.

    **Why it never keeps an old answer.** An entry carries the position of the data it was made from; for
    each tag there is a marker with the position of the last event that touched it. Entry and markers are
    read at the same moment, and the entry counts only if no marker is newer. It does not matter whether the
    loader, the fold of the marker or the write of the entry came first: a loader that read old data and was
    overtaken leaves an entry whose position gives it away. Nothing is deleted, so nothing can be deleted
    too early. An answer is as late as the `Invalidation` view's lane, and as ``near`` (seconds) in process.

    Asking for ``at_least`` a position makes an answer count only if it is known to reflect it.

    When Redis is down, or the markers are being refilled, every answer is loaded: slower, but right.
    """

    def __init__(
        self,
        redis: Redis,
        markers: RedisRows[Marker],
        classes: Sequence[Cached[Any]],
        *,
        breaker: Breaker,
        prefix: str = "hw",
        near: float = 1.0,
    ) -> None:
        for number, cached in enumerate(classes):
            for other in classes[:number]:
                if cached.shape.meets(other.shape):
                    raise TypeError(f"{cached.pattern} and {other.pattern} could have the same key.")
        self._classes = {cached.pattern: cached for cached in classes}
        self._redis, self._markers, self._breaker, self._prefix = redis, markers, breaker, prefix
        self._near: MemoryCache[CachedAnswer[Any]] = MemoryCache(seconds=near, most=_NEAR)
        self._flights: dict[str, asyncio.Task[CachedAnswer[Any]]] = {}

    async def get_or_load(
        self,
        cached: Cached[T],
        tenant_id: UUID,
        params: Mapping[str, object],
        load: Load[T],
        *,
        scope: str = "",
        at_least: int = 0,
    ) -> CachedAnswer[T]:
        """The answer for these parameters; ``load`` runs once however many ask for it at the same time.

        ``scope`` separates callers who may see different things (C-44). ``load`` must depend on nothing but
        tenant, parameters and scope: what the context of a caller says, such as how much may be read, does not
        hold for it. What it raises passes to all who wait for it, each in an exception of their own.
        """
        answer = await self._answer(cached, tenant_id, params, load, scope=scope, at_least=at_least)
        note_position(answer.position)
        return answer

    async def _answer(
        self,
        cached: Cached[T],
        tenant_id: UUID,
        params: Mapping[str, object],
        load: Load[T],
        *,
        scope: str,
        at_least: int,
    ) -> CachedAnswer[T]:
        if self._classes.get(cached.pattern) is not cached:
            raise LookupError(f"{cached.pattern} is not a class of this cache.")
        key = self._key(cached, tenant_id, params, scope)
        if (near := self._near.get(key)) and near.position >= at_least:
            return cast(CachedAnswer[T], near)
        flight = self._flights.get(key)
        if flight is not None and (shared := await _landing(flight)).position >= at_least:
            return cast(CachedAnswer[T], shared)
        # A flight that began before the wanted position is no use to this caller: it starts its own.
        mine = asyncio.create_task(
            self._through(cached, tenant_id, params, key, load, at_least), context=nobodys()
        )
        self._flights[key] = mine
        mine.add_done_callback(lambda task: self._landed(key, task))
        # Whoever began it is told the error itself, with where it was raised.
        await asyncio.wait((mine,))
        return mine.result()

    def _root(self, tenant_id: UUID) -> str:
        return f"{self._prefix}:cache:t:{tenant_id}:"

    def _key(self, cached: Cached[Any], tenant_id: UUID, params: Mapping[str, object], scope: str) -> str:
        scoped = f":s:{part(scope)}" if scope else ""
        return f"{self._root(tenant_id)}{cached.shape.fill(params)}{scoped}"

    async def _through(
        self,
        cached: Cached[T],
        tenant_id: UUID,
        params: Mapping[str, object],
        key: str,
        load: Load[T],
        at_least: int,
    ) -> CachedAnswer[T]:
        tags = [(tag.format_map(params),) for tag in cached.tags]
        trusted = True
        try:
            read = await self._markers.read(tenant_id, tags, beside=[key])
            found = _valid(cached, read)
            if found is not None and found.position >= at_least:
                self._near.put(key, found, len(read.beside[0] or b""))
                return found
        except Unavailable:
            trusted = False
        value, position = await load()
        answer = CachedAnswer(value, position)
        text = msgspec.json.encode(_Entry(position, msgspec.Raw(msgspec.json.encode(value))))
        if len(text) > _LARGEST:
            self._near.forget(key)
            return answer
        if trusted:
            await self._keep(key, cached, text)
        self._near.put(key, answer, len(text))
        return answer

    async def _keep(self, key: str, cached: Cached[T], text: bytes) -> None:
        """The only place where an entry is written: never without a time to live."""
        ttl = int(cached.ttl.total_seconds() * 1000)
        try:
            async with self._breaker.guard():
                await self._redis.set(key, text, px=ttl)
        except Unavailable:
            return  # The next reader loads again; that is all.

    def _landed(self, key: str, task: asyncio.Task[CachedAnswer[Any]]) -> None:
        if self._flights.get(key) is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # Seen, even when all who waited have gone.


async def _landing(flight: asyncio.Task[CachedAnswer[T]]) -> CachedAnswer[T]:
    """What a flight brings, which goes on when one who waits for it leaves."""
    await asyncio.wait((flight,))
    error = flight.exception()
    if isinstance(error, Exception):
        raise another(error)
    return flight.result()


def _valid(cached: Cached[T], read: Read[Marker]) -> CachedAnswer[T] | None:
    """The entry read beside its tags' markers, unless one of them is newer."""
    (text,) = read.beside
    if text is None:
        return None
    try:
        entry = msgspec.json.decode(text, type=_Entry)
        value = msgspec.json.decode(entry.value, type=cached.value)
    except msgspec.DecodeError:
        return None  # Written by other code, whose shape differs; this load replaces it.
    if any(marker.position > entry.position for marker in read.rows.values()):
        return None
    # No event up to the markers' own position has touched it, so it speaks for that position, too.
    return CachedAnswer(value, max(entry.position, read.position))
