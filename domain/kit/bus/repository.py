"""Loading aggregates from the log: snapshots, the events after them, and a bounded cache of recent ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from cachetools import LRUCache
from eventsourcing.domain import Snapshot
from eventsourcing.utils import resolve_topic

from domain.kit.aggregate import Aggregate
from domain.kit.codec import Codec
from domain.kit.fields import types_of
from domain.kit.log import Envelope, Log, StoredSnapshot

_KEPT = {"_created_on": datetime, "_modified_on": datetime, "ended": bool}
"""What a snapshot holds beside the annotated state of the aggregate's class."""
_EACH = 2_000
"""Bytes that an aggregate takes in memory without its state."""
_EACH_BYTE = 3
"""Bytes that a byte of state as JSON takes in memory, as a rule."""


class Repository:
    """Aggregates of all tenants, by tenant and id.

    A cached aggregate may be behind another process's appends. That is safe to decide on, because the
    append checks the version of everything that was read; only refusals must be decided on fresh ones.
    """

    def __init__(self, log: Log, codec: Codec, *, capacity: int = 0) -> None:
        """``capacity`` is how many bytes of memory the cached aggregates take, about; 0: nothing is cached."""
        self._log = log
        self._codec = codec
        # By whole numbers, because ids are hashed slowly.
        self._recent: LRUCache[tuple[int, int], tuple[Aggregate, int]] = LRUCache(
            capacity, lambda kept: kept[1]
        )

    async def get(
        self, tenant_id: UUID, ids: Sequence[UUID], *, fresh: bool = False
    ) -> dict[UUID, Aggregate]:
        """The aggregates with these ids, of whatever class; ids without a stream are absent."""
        loaded: dict[UUID, Aggregate | None] = {}
        while absent := [
            id for id in ids if (fresh or (tenant_id.int, id.int) not in self._recent) and id not in loaded
        ]:
            loaded |= dict.fromkeys(absent) | await self._load(tenant_id, absent)
        # Cached aggregates are handed out only now, with no wait after it: while this one waited,
        # another command might have begun to change them.
        # All before any is kept, since that may drop others.
        found = {id: loaded[id] if id in loaded else self._recent[tenant_id.int, id.int][0] for id in ids}
        for aggregate in loaded.values():
            if aggregate is not None:
                self.keep(tenant_id, aggregate)
        return {id: aggregate for id, aggregate in found.items() if aggregate is not None}

    def keep(self, tenant_id: UUID, aggregate: Aggregate) -> None:
        """Remember an aggregate whose events are all in the log, unless it alone is larger than all may be."""
        if not self._recent.maxsize:
            return
        size = _EACH + _EACH_BYTE * len(msgspec.json.encode(_state(aggregate)))
        if size <= self._recent.maxsize:
            self._recent[tenant_id.int, aggregate.id.int] = aggregate, size
        else:
            self.forget(tenant_id, aggregate.id)

    def forget(self, tenant_id: UUID, id: UUID) -> None:
        """Drop what is cached for an id."""
        self._recent.pop((tenant_id.int, id.int), None)

    async def snapshot(self, tenant_id: UUID, aggregate: Aggregate) -> None:
        """Store a snapshot of the aggregate as it stands, all of whose events are in the log."""
        await self._log.keep_snapshot(tenant_id, aggregate.id, take(aggregate))

    async def _load(self, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Aggregate]:
        snapshots = {
            id: stored
            for id, stored in (await self._log.snapshots(tenant_id, ids)).items()
            if _readable(stored)
        }
        streams = await self._after(tenant_id, ids, snapshots)
        loaded: dict[UUID, Aggregate] = {}
        for id in ids:
            aggregate: Aggregate | None = restore(id, snapshots[id]) if id in snapshots else None
            for envelope in streams.get(id, ()):
                if aggregate is None or envelope.originator_version > aggregate.version:
                    aggregate = self._codec.decode(envelope).mutate(aggregate)
            if aggregate is not None:
                loaded[id] = aggregate
        return loaded

    async def _after(
        self, tenant_id: UUID, ids: Sequence[UUID], snapshots: Mapping[UUID, StoredSnapshot]
    ) -> dict[UUID, Sequence[Envelope]]:
        """The events after the snapshots. Streams that have none are read apart: read together with them, those
        that have one would be read from their beginning as well."""
        known = [id for id in ids if id in snapshots]
        found: dict[UUID, Sequence[Envelope]] = {}
        if others := [id for id in ids if id not in snapshots]:
            found.update(await self._log.streams(tenant_id, others))
        if known:
            after = min(snapshots[id].originator_version for id in known)
            found.update(await self._log.streams(tenant_id, known, after=after))
        return found


def take(aggregate: Aggregate) -> StoredSnapshot:
    """A snapshot: the annotated state, as plain JSON."""
    hints = types_of(type(aggregate))
    taken = Snapshot.take(aggregate).state
    return StoredSnapshot(
        originator_version=aggregate.version,
        timestamp=aggregate.modified_on,
        topic=aggregate.topic,
        state=msgspec.json.encode(
            {name: value for name, value in taken.items() if name in _KEPT or name in hints}
        ),
        class_version=aggregate.class_version,
    )


def _state(aggregate: Aggregate) -> dict[str, Any]:
    """The annotated state."""
    hints = types_of(type(aggregate))
    return {name: value for name, value in vars(aggregate).items() if name in hints}


def _readable(stored: StoredSnapshot) -> bool:
    """Whether this code can restore it; a snapshot of newer code, met after a roll-back, it leaves aside."""
    aggregate: type[Aggregate] = resolve_topic(stored.topic)
    return aggregate.oldest_snapshot <= stored.class_version <= aggregate.class_version


def restore(id: UUID, stored: StoredSnapshot) -> Aggregate:
    """The aggregate that a snapshot holds, its values converted to the types its fields declare."""
    state: dict[str, Any] = msgspec.json.decode(stored.state)
    if stored.class_version > 1:
        state["class_version"] = stored.class_version
    snapshot = Snapshot(
        originator_id=id,
        originator_version=stored.originator_version,
        timestamp=stored.timestamp,
        topic=stored.topic,
        state=state,
    )
    held = snapshot.mutate(None)
    assert isinstance(held, Aggregate)
    aggregate = held.blank(id, stored.originator_version, stored.timestamp)
    hints = {**types_of(type(aggregate)), **_KEPT}
    vars(aggregate).update(
        (name, msgspec.convert(value, hints[name])) for name, value in vars(held).items() if name in hints
    )
    return aggregate
