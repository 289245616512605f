"""The Redis store: rows as JSON under keys of a declared shape, saved with their checkpoint by one script."""

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from datetime import timedelta
from typing import Any, Generic
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, RowChanges
from projections.kit.store import redis_scripts as scripts
from projections.kit.store.keys import KeySpace, Mark
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, RowsLost

_BATCH = 500
"""Keys a SCAN step asks for, and keys prolonged or removed in one go."""

_MOST = 400_000
"""Rows one save can write: the server takes at most 1,048,576 arguments in one command."""


class RedisStore(Generic[R]):
    """One generation of a Redis view; a `Store` that also wants `Upkeep`, and is `Lossy`.

    Every key expires. ``renew`` gives rows their whole time to live again and only then prolongs the mark,
    to half of that: if nobody renews, the mark goes first, readers fall back and the lane refills. A row that
    goes alone, evicted or deleted by hand, is still on the roster: its tenant is then on record as lost.
    """

    renew_every = timedelta(seconds=5)
    # One script writes them, and nobody else is served meanwhile.
    bulk_rows = 5_000

    def __init__(self, view: RedisView[R], redis: Redis, generation: int, prefix: str = "hw") -> None:
        self.view = view
        self.keys = KeySpace(view, pattern=view.pattern, generation=generation, prefix=prefix)
        self._redis = redis
        self._ttl = int(view.ttl.total_seconds() * 1000)
        if self._ttl < 1000:
            raise TypeError(f"{view.name} needs a time to live of a second or more.")
        self._decode: Callable[[bytes | str], R] = msgspec.json.Decoder(view.row).decode
        self._encode = msgspec.json.Encoder().encode
        self._scripts: dict[str, AsyncScript] = {}
        self._mark: Mark | None = None
        self.swept = float("-inf")
        """When `renew` last walked over the rows, in seconds of the monotonic clock; never, of a store that was
        just opened: whoever kept it before may have been about to."""

    async def prepare(self) -> None:
        """Start a new epoch at position 0 when none counts; whoever comes second finds the first one's."""
        fresh = Mark(secrets.token_hex(4), open=False, position=0, folded=0, token=0)
        await self._run(scripts.PREPARE, str(fresh), self._ttl // 2)
        self._mark = None
        await self.checkpoint()

    async def load(self, keys: Collection[FullKey]) -> dict[FullKey, R]:
        if not keys:
            return {}
        epoch = (await self._known()).epoch
        wanted = [self.keys.row(epoch, *full) for full in keys]
        answer = await self._run(scripts.READ, epoch, len(self.keys.rows(epoch)), 0, keys=wanted)
        if not answer or Mark.read(answer[0]).epoch != epoch:
            raise self._lost()
        mark, *values = answer
        rows = {
            full: self._decode(value) for full, value in zip(keys, values, strict=True) if value is not None
        }
        if lost := Mark.read(mark).lost & {tenant for tenant, _ in keys}:
            raise RowsLost(self.view.name, lost, rows)
        return rows

    async def save(self, changes: RowChanges[R], checkpoint: Checkpoint, after: int | None = None) -> None:
        """As `Store.save`. A page that was stored already (its answer got lost) is LeaseLost as well."""
        if len(changes) > _MOST:
            raise ValueError(
                f"{self.view.name} changed {len(changes)} rows in one page; {_MOST} are the most."
            )
        known = await self._known()
        if (checkpoint.position if after is None else after) < known.position:
            # Somebody's last write came late, and was seen since: its events would be folded twice.
            raise LeaseLost(f"{self.view.name} was moved by another, to {known.position}.")
        answer = await self._run(
            scripts.SAVE,
            known.epoch,
            # The token as well: between two saves at one position lies the write of parked events.
            f"{known.position}:{known.token}",
            checkpoint.position,
            checkpoint.folded,
            checkpoint.token,
            self._ttl,
            len(self.keys.rows(known.epoch)),
            *(b"" if row is None else self._encode(row) for row in changes.values()),
            keys=[self.keys.row(known.epoch, *full) for full in changes],
        )
        said = answer.decode() if isinstance(answer, bytes) else str(answer)
        if said == "lost":
            raise self._lost()
        if said != "saved":
            self._mark = None
            raise LeaseLost(f"{self.view.name} was moved by another: {said}, expected {known.position}")
        self._mark = Mark(known.epoch, known.open, checkpoint.position, checkpoint.folded, checkpoint.token)

    async def checkpoint(self) -> Checkpoint:
        mark = await self._look()
        return Checkpoint(mark.position, mark.folded, mark.token)

    async def renew(self) -> None:
        """Look at the mark each time, and walk over the rows after each quarter of their time."""
        epoch = (await self._known()).epoch
        began = time.monotonic()
        if (began - self.swept) * 4000 < self._ttl:
            await self._look()
            return
        rows = self.keys.rows(epoch)
        async for batch in self._members():
            named = [f"{rows}{member}" for member in batch]
            if not await self._run(scripts.RENEW, epoch, len(rows), self._ttl, keys=named):
                raise self._lost()
        # Counted from the start of the walk: rows it met first have lived that long already.
        left = self._ttl // 2 - int((time.monotonic() - began) * 1000)
        if not await self._run(scripts.PROLONG, epoch, max(left, 1), self._ttl):
            raise self._lost()
        self.swept = began

    async def caught_up(self) -> None:
        known = await self._known()
        if known.open:
            return
        if not await self._run(scripts.OPEN, known.epoch):
            raise self._lost()
        self._mark = Mark(known.epoch, True, known.position, known.folded, known.token)

    async def lost(self) -> frozenset[UUID]:
        return (await self._look()).lost

    async def clear(self, tenant_id: UUID, checkpoint: Checkpoint) -> None:
        # Whoever wrote under an older token has written their last after this.
        await self.save(RowChanges(), checkpoint)
        known = await self._known()
        rows = self.keys.rows(known.epoch)
        async for batch in self._members(tenant_id):
            named = [f"{rows}{member}" for member in batch]
            if not await self._run(scripts.CLEAR, known.epoch, len(rows), checkpoint.token, keys=named):
                raise self._lost()

    async def found(self, tenant_id: UUID, checkpoint: Checkpoint) -> None:
        known = await self._known()
        if not await self._run(scripts.FOUND, known.epoch, checkpoint.token, str(tenant_id)):
            raise self._lost()

    async def count(self) -> int:
        return (await self._look()).rows

    async def scan(self, tenant_id: UUID | None = None) -> AsyncGenerator[dict[FullKey, R], None]:
        """As `Store.scan`; a row may come twice while the server makes its roster larger."""
        mark = await self._look()
        names = self.view.key
        async for members in self._members(tenant_id):
            batch = [f"{self.keys.rows(mark.epoch)}{member}" for member in members]
            current, *values = await self._redis.mget([self.keys.mark, *batch])
            if current is None or Mark.read(current).epoch != mark.epoch:
                raise self._lost()
            rows: dict[FullKey, R] = {}
            for member, value in zip(members, values, strict=True):
                if value is not None:
                    row = self._decode(value)
                    rows[UUID(member[:36]), tuple(getattr(row, name) for name in names)] = row
            if rows:
                yield rows
        if (await self.checkpoint()).position < mark.position:
            raise self._lost()

    async def begin_bulk(self) -> None:
        """Do nothing: there is nothing to leave out."""

    async def end_bulk(self) -> None:
        """Do nothing, as `begin_bulk`."""

    async def drop(self) -> None:
        """Remove this generation's keys, in batches; never those of an epoch that began meanwhile."""
        mark = await self._run(scripts.LOOK)
        await self._run(scripts.FORGET, "" if mark is None else Mark.read(mark).epoch)
        self._mark = None
        batch: list[Any] = []
        async for key in self._redis.scan_iter(match=f"{self.keys.root}*:t:*", count=_BATCH):
            batch.append(key)
            if len(batch) >= _BATCH:
                await self._sweep(batch)
                batch = []
        await self._sweep(batch)

    async def _sweep(self, batch: list[Any]) -> None:
        await self._run(scripts.SWEEP, self.keys.root, keys=batch)

    async def _look(self) -> Mark:
        text = await self._run(scripts.LOOK)
        if text is None:
            raise self._lost()
        mark = Mark.read(text)
        if self._mark is not None and self._mark.epoch != mark.epoch:
            raise self._lost()  # Another worker started over: what this one has folded is not in there.
        self._mark = mark
        return mark

    async def _known(self) -> Mark:
        """The mark as this store last saw it; what it is about to write builds on that."""
        return self._mark or await self._look()

    def _lost(self) -> Lost:
        self._mark = None
        return Lost(f"{self.view.name}: its keys {self.keys.root}* are gone")

    # What a script answers is its own matter, hence Any.
    async def _run(self, script: str, *arguments: str | bytes | int, keys: Collection[str] = ()) -> Any:
        if script not in self._scripts:
            self._scripts[script] = self._redis.register_script(script)
        return await self._scripts[script](
            keys=[self.keys.mark, self.keys.roster, *keys], args=list(arguments)
        )

    async def _members(self, tenant_id: UUID | None = None) -> AsyncIterator[list[str]]:
        """What the roster names, all of it or one tenant's, in batches."""
        batch: list[str] = []
        match = None if tenant_id is None else f"{tenant_id}:*"
        async for member in self._redis.sscan_iter(self.keys.roster, match=match, count=_BATCH):
            batch.append(member if isinstance(member, str) else member.decode())
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
