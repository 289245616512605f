"""The Redis store: rows as JSON under keys of a declared shape, saved with their checkpoint by one script."""

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from projections.kit.keys import KeySpace, Mark
from projections.kit.redis import RedisView
from projections.kit.store import Checkpoint, LeaseLost, Lost
from projections.kit.view import Changes, FullKey

Row = TypeVar("Row")

# The mark keeps its own time to live: only `renew`, which has seen every row, may prolong it.
_SAVE = """
local mark = redis.call('GET', KEYS[1])
if not mark then return 'lost' end
local epoch, open, position, token = string.match(mark, '^(%x+):(%d):(%d+):%d+:(%d+)$')
if epoch ~= ARGV[1] then return 'lost' end
if tonumber(token) > tonumber(ARGV[5]) then return 'newer token ' .. token end
if position .. ':' .. token ~= ARGV[2] then return 'position ' .. position .. ' token ' .. token end
for i = 2, #KEYS do
  local value = ARGV[i + 5]
  if value == '' then redis.call('UNLINK', KEYS[i])
  else redis.call('SET', KEYS[i], value, 'PX', ARGV[6]) end
end
redis.call('SET', KEYS[1], table.concat({epoch, open, ARGV[3], ARGV[4], ARGV[5]}, ':'), 'KEEPTTL')
return 'saved'
"""

_OPEN = """
local mark = redis.call('GET', KEYS[1])
if not mark or string.match(mark, '^%x+') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], (string.gsub(mark, '^(%x+):%d', '%1:1')), 'KEEPTTL')
return 1
"""

_PROLONG = """
local mark = redis.call('GET', KEYS[1])
if not mark or string.match(mark, '^%x+') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

_FORGET = """
local mark = redis.call('GET', KEYS[1])
if mark and string.match(mark, '^%x+') == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end
return 0
"""

# Rows of the epoch that counts are spared, so that a late sweep cannot hit what another worker fills anew.
_SWEEP = """
local mark = redis.call('GET', KEYS[1])
local living = mark and ARGV[1] .. string.match(mark, '^%x+') .. ':'
for i = 2, #KEYS do
  if not living or string.sub(KEYS[i], 1, #living) ~= living then redis.call('UNLINK', KEYS[i]) end
end
return 1
"""

_BATCH = 500
"""Keys a SCAN step asks for, and keys prolonged or removed in one go."""

_MOST = 400_000
"""Rows one save can write: the server takes at most 1,048,576 arguments in one command."""


class RedisStore(Generic[Row]):
    """One generation of a Redis view; a `Store` that also wants `Upkeep`.

    Every key expires. ``renew`` gives rows their whole time to live again and only then prolongs the mark,
    to half of that: if nobody renews, the mark goes first, readers fall back and the lane refills. The
    server must not evict (``maxmemory-policy noeviction``): an evicted row would be taken for a deleted one.
    """

    renew_every = timedelta(seconds=5)
    # One script writes them, and nobody else is served meanwhile.
    bulk_rows = 5_000

    def __init__(self, view: RedisView[Row], redis: Redis, generation: int, prefix: str = "hw") -> None:
        self.view = view
        self.keys = KeySpace(view, pattern=view.pattern, generation=generation, prefix=prefix)
        self._redis = redis
        self._ttl = int(view.ttl.total_seconds() * 1000)
        if self._ttl < 1000:
            raise TypeError(f"{view.name} needs a time to live of a second or more.")
        self._decode: Callable[[bytes | str], Row] = msgspec.json.Decoder(view.row).decode
        self._encode = msgspec.json.Encoder().encode
        self._mark: Mark | None = None
        self.swept = time.monotonic()
        """When `renew` last walked over the rows, in seconds of the monotonic clock."""
        self._save = redis.register_script(_SAVE)
        self._open = redis.register_script(_OPEN)
        self._prolong = redis.register_script(_PROLONG)
        self._forget = redis.register_script(_FORGET)
        self._sweep = redis.register_script(_SWEEP)

    async def prepare(self) -> None:
        """Starts a new epoch at position 0 when none counts; whoever comes second finds the first one's."""
        fresh = Mark(secrets.token_hex(4), open=False, position=0, folded=0, token=0)
        await self._redis.set(self.keys.mark, str(fresh), nx=True, px=self._ttl // 2)
        self._mark = None
        await self.checkpoint()

    async def load(self, keys: Collection[FullKey]) -> dict[FullKey, Row]:
        epoch = (await self._known()).epoch
        wanted = [self.keys.row(epoch, *full) for full in keys]
        mark, *values = await self._redis.mget([self.keys.mark, *wanted])
        if mark is None or Mark.read(mark).epoch != epoch:
            raise self._lost()
        return {
            full: self._decode(value) for full, value in zip(keys, values, strict=True) if value is not None
        }

    async def save(self, changes: Changes[Row], checkpoint: Checkpoint) -> None:
        """As `Store.save`. A page that was stored already (its answer got lost) is LeaseLost as well."""
        if len(changes) > _MOST:
            raise ValueError(
                f"{self.view.name} changed {len(changes)} rows in one page; {_MOST} are the most."
            )
        known = await self._known()
        answer = await self._save(
            keys=[self.keys.mark, *(self.keys.row(known.epoch, *full) for full in changes)],
            args=[
                known.epoch,
                # The token as well: between two saves at one position lies the write of parked events.
                f"{known.position}:{known.token}",
                checkpoint.position,
                checkpoint.folded,
                checkpoint.token,
                self._ttl,
                *(b"" if row is None else self._encode(row) for row in changes.values()),
            ],
        )
        said = answer.decode() if isinstance(answer, bytes) else str(answer)
        if said == "lost":
            raise self._lost()
        if said != "saved":
            self._mark = None
            raise LeaseLost(f"{self.view.name} was moved by another: {said}, expected {known.position}")
        self._mark = Mark(known.epoch, known.open, checkpoint.position, checkpoint.folded, checkpoint.token)

    async def checkpoint(self) -> Checkpoint:
        text = await self._redis.get(self.keys.mark)
        if text is None:
            raise self._lost()
        mark = Mark.read(text)
        if self._mark is not None and self._mark.epoch != mark.epoch:
            raise self._lost()  # Another worker began anew: what this one has folded is not in there.
        self._mark = mark
        return Checkpoint(mark.position, mark.folded, mark.token)

    async def renew(self) -> None:
        """See `Upkeep`. Looks at the mark each time, and walks over the rows each quarter of their time."""
        epoch = (await self._known()).epoch
        began = time.monotonic()
        if (began - self.swept) * 4000 < self._ttl:
            text = await self._redis.get(self.keys.mark)
            if text is None or Mark.read(text).epoch != epoch:
                raise self._lost()
            return
        if self.view.renewed:
            async for batch in self._scan(f"{self.keys.root}{epoch}:*"):
                pipeline = self._redis.pipeline(transaction=False)
                for key in batch:
                    pipeline.pexpire(key, self._ttl)
                await pipeline.execute()
        # Counted from the start of the walk: rows it met first have lived that long already.
        left = self._ttl // 2 - int((time.monotonic() - began) * 1000)
        if not await self._prolong(keys=[self.keys.mark], args=[epoch, max(left, 1)]):
            raise self._lost()
        self.swept = began

    async def caught_up(self) -> None:
        """See `Upkeep`."""
        known = await self._known()
        if known.open:
            return
        if not await self._open(keys=[self.keys.mark], args=[known.epoch]):
            raise self._lost()
        self._mark = Mark(known.epoch, True, known.position, known.folded, known.token)

    async def count(self) -> int:
        epoch = (await self._known()).epoch
        seen: set[object] = set()  # SCAN may answer a key twice.
        async for batch in self._scan(f"{self.keys.root}{epoch}:*"):
            seen.update(batch)
        return len(seen)

    async def scan(self, tenant_id: UUID | None = None) -> AsyncGenerator[dict[FullKey, Row], None]:
        """As `Store.scan`; a row may come twice while the server makes its table of keys larger."""
        mark = await self._known()
        root = f"{self.keys.root}{mark.epoch}:t:"
        async for batch in self._scan(f"{root}{tenant_id or '*'}:*"):
            current, *values = await self._redis.mget([self.keys.mark, *batch])
            if current is None or Mark.read(current).epoch != mark.epoch:
                raise self._lost()
            rows: dict[FullKey, Row] = {}
            for key, value in zip(batch, values, strict=True):
                if value is not None:
                    text = key if isinstance(key, str) else key.decode()
                    row = self._decode(value)
                    names = self.view.key
                    tenant = UUID(text[len(root) : len(root) + 36])
                    rows[tenant, tuple(getattr(row, name) for name in names)] = row
            if rows:
                yield rows
        if (await self.checkpoint()).position < mark.position:
            raise self._lost()

    async def begin_bulk(self) -> None:
        """See `Bulk`: there is nothing to leave out."""

    async def end_bulk(self) -> None:
        """See `Bulk`."""

    async def drop(self) -> None:
        """Removes this generation's keys, in batches; never those of an epoch that began meanwhile."""
        text = await self._redis.get(self.keys.mark)
        if text is not None:
            await self._forget(keys=[self.keys.mark], args=[Mark.read(text).epoch])
        self._mark = None
        async for batch in self._scan(f"{self.keys.root}*:t:*"):
            await self._sweep(keys=[self.keys.mark, *batch], args=[self.keys.root])

    async def _known(self) -> Mark:
        """The mark as this store last saw it; what it is about to write builds on that."""
        if self._mark is None:
            await self.checkpoint()
        assert self._mark is not None
        return self._mark

    def _lost(self) -> Lost:
        self._mark = None
        return Lost(f"{self.view.name}: its keys {self.keys.root}* are gone")

    # Keys are str or bytes, as the client was made to answer.
    async def _scan(self, pattern: str) -> AsyncIterator[list[Any]]:
        batch: list[Any] = []
        async for key in self._redis.scan_iter(match=pattern, count=_BATCH):
            batch.append(key)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
