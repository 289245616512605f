"""Every key of the product in Redis, looked through for a person."""

from collections.abc import AsyncIterator
from typing import Any, ClassVar

from redis.asyncio import Redis

from app.privacy.search.traces import Looked, SearchedPerson, TracePlace
from projections.kit.store.keys import ROSTER

_BATCH = 500


class Keyspace:
    """`app.privacy.search.traces.SearchableStore` for Redis, which other programs may share: their keys are not
    read."""

    store: ClassVar[str] = "redis"

    def __init__(self, redis: Redis, *, prefix: str = "hw") -> None:
        self._redis, self._prefix = redis, prefix

    async def look(self, wanted: SearchedPerson) -> Looked:
        """Keys of other tenants are left alone, what names no tenant is looked at; but for rosters,
        which name keys that are looked at themselves."""
        looked = Looked(self.store)
        async for key in self._keys():
            if key.endswith(ROSTER):
                continue
            if ":t:" not in key or f":t:{wanted.tenant_id}" in key:
                looked.read(wanted, TracePlace(self.store, key), f"{key} {await self._text(key)}")
        return looked

    async def sweep(self, wanted: SearchedPerson) -> int:
        """Drop every cached answer of the tenant, since any may hold a name, and what else is kept under the
        person's id. Rows of views stay: they hold ids, counts and sealed texts, and views fold what is erased."""
        cached, person = f"{self._prefix}:cache:t:{wanted.tenant_id}:", str(wanted.subject_id)
        swept = 0
        async for key in self._keys():
            if key.endswith(ROSTER):
                continue
            of_others = ":t:" in key and f":t:{wanted.tenant_id}" not in key
            names_them = (
                wanted.everywhere and not of_others and wanted.tells(f"{key} {await self._text(key)}")
            )
            if key.startswith(cached) or names_them or (person in key and ":t:" not in key):
                swept += int(await self._redis.unlink(key))
        return swept

    async def _keys(self) -> AsyncIterator[str]:
        async for key in self._redis.scan_iter(match=f"{self._prefix}:*", count=_BATCH):
            yield key.decode(errors="replace") if isinstance(key, bytes) else key

    async def _text(self, key: str) -> str:
        """Everything under a key. Its type is Redis's own matter, hence Any."""
        redis: Any = self._redis
        kind = (await redis.type(key)).decode()
        match kind:
            case "string":
                return _text(await redis.get(key))
            case "hash":
                return _text(await redis.hgetall(key))
            case "set":
                return _text(await redis.smembers(key))
            case "zset":
                return _text(await redis.zrange(key, 0, -1))
            case "list":
                return _text(await redis.lrange(key, 0, -1))
            case "stream":
                return _text(await redis.xrange(key))
            case _:
                return ""


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, dict):
        return " ".join(_text(item) for pair in value.items() for item in pair)
    if isinstance(value, list | set | tuple):
        return " ".join(map(_text, value))
    return str(value or "")
