"""Loading aggregates from the log: snapshots, the events after them, and a bounded cache of recent ones."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import Snapshot

from domain.kit.aggregate import Aggregate
from domain.kit.codec import Codec
from domain.kit.log import Log, Stored

_OWN = ("_id", "_version", "_pending_events", "_reserves", "_releases")


class Repository:
    """Aggregates of all tenants, by tenant and id.

    A cached aggregate may be behind another process's appends. That is safe to decide on, because the
    append checks the version of everything that was read; only refusals must be decided on fresh ones.
    """

    def __init__(self, log: Log, codec: Codec, *, capacity: int = 10_000) -> None:
        self._log = log
        self._codec = codec
        self._capacity = capacity
        self._recent: OrderedDict[tuple[UUID, UUID], Aggregate] = OrderedDict()

    async def get(
        self, tenant_id: UUID, ids: Sequence[UUID], *, fresh: bool = False
    ) -> dict[UUID, Aggregate]:
        """The aggregates with these ids, of whatever class; ids without a stream are absent."""
        found: dict[UUID, Aggregate] = {}
        if not fresh:
            for id in ids:
                if aggregate := self._recent.get((tenant_id, id)):
                    self._recent.move_to_end((tenant_id, id))
                    found[id] = aggregate
        if absent := [id for id in ids if id not in found]:
            loaded = await self._load(tenant_id, absent)
            for aggregate in loaded.values():
                self.keep(tenant_id, aggregate)
            found |= loaded
        return found

    def keep(self, tenant_id: UUID, aggregate: Aggregate) -> None:
        """Remembers an aggregate whose events are all in the log."""
        self._recent[tenant_id, aggregate.id] = aggregate
        self._recent.move_to_end((tenant_id, aggregate.id))
        while len(self._recent) > self._capacity:
            self._recent.popitem(last=False)

    def forget(self, tenant_id: UUID, id: UUID) -> None:
        """Drops what is cached for an id."""
        self._recent.pop((tenant_id, id), None)

    async def snapshot(self, tenant_id: UUID, aggregate: Aggregate) -> None:
        """Stores a snapshot of the aggregate as it stands."""
        state = {name: value for name, value in Snapshot.take(aggregate).state.items() if name not in _OWN}
        stored = Stored(
            originator_version=aggregate.version,
            timestamp=aggregate.modified_on,
            topic=aggregate.topic,
            state=msgspec.json.encode(state),
            class_version=getattr(aggregate, "class_version", 1),
        )
        await self._log.keep_snapshot(tenant_id, aggregate.id, stored)

    async def _load(self, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Aggregate]:
        snapshots = await self._log.snapshots(tenant_id, ids)
        after = min((s.originator_version for s in snapshots.values()), default=0)
        if len(snapshots) < len(ids):
            after = 0
        streams = await self._log.streams(tenant_id, ids, after=after)
        loaded: dict[UUID, Aggregate] = {}
        for id in ids:
            aggregate: Aggregate | None = restore(id, snapshots[id]) if id in snapshots else None
            for envelope in streams.get(id, ()):
                if aggregate is None or envelope.originator_version > aggregate.version:
                    aggregate = self._codec.decode(envelope).mutate(aggregate)
            if aggregate is not None:
                loaded[id] = aggregate
        return loaded


def restore(id: UUID, stored: Stored) -> Aggregate:
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
    made = snapshot.mutate(None)
    assert isinstance(made, Aggregate)
    hints = get_type_hints(type(made)) | {"_created_on": datetime, "_modified_on": datetime, "ended": bool}
    held = {name: msgspec.convert(value, hints[name]) for name, value in vars(made).items() if name in hints}
    made.__base_init__(id, stored.originator_version, stored.timestamp)
    vars(made).update(held)
    return made
