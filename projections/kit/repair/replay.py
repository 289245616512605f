"""What folding events again would change: the rows they touch, folded again and compared with the store."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from domain.kit.codec import Codec
from domain.kit.log import EVERYTHING, Envelope, Log, Selection
from domain.kit.sealed import Opening, PlainOpening
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, LoadedRows, View
from projections.kit.follow.fold_page import FoldFailed
from projections.kit.follow.lane import LeftOut
from projections.kit.follow.memory_fold import Folding
from projections.kit.read.as_of import TooMuch, by_stream
from projections.kit.store.decrypted_fields import as_written
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.store import Store, there

T = TypeVar("T")

_PAGE = 2000
_AT_ONCE = 1000
"""Rows that are loaded, and streams that are read, in one round trip."""
_FEW = 20_000
"""Up to so many streams are read one by one; for more, all of the log is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which events are folded again: those selected, with ``after`` < position <= ``until``."""

    select: Selection = EVERYTHING
    after: int = 0
    until: int | None = None

    @property
    def everything(self) -> bool:
        """Whether all events of the log, or of a tenant, are chosen: then every row has to come of them."""
        whole = self.after == 0 and self.until is None
        return whole and self.select == Selection(tenant_id=self.select.tenant_id)


@dataclass(frozen=True, slots=True)
class ReplayDifference(Generic[R]):
    """A row that is stored otherwise than its events fold it."""

    tenant_id: UUID
    key: Key
    stored: R | None
    folded: R | None

    @property
    def kind(self) -> str:
        """``missing`` or ``extra`` in the store, or ``changed``."""
        return "missing" if self.stored is None else "extra" if self.folded is None else "changed"

    @property
    def names(self) -> list[str]:
        """The fields that differ; of a missing or an extra row, all of them."""
        row: Any = self.folded if self.stored is None else self.stored
        named = list(row.__struct_fields__)
        if self.stored is None or self.folded is None:
            return named
        return [name for name in named if not alike(getattr(self.stored, name), getattr(self.folded, name))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff(Generic[R]):
    """What a view's store holds otherwise at ``position``: ``events`` were chosen, which touch ``rows``."""

    view: View[R]
    position: int
    events: int
    rows: int
    differences: tuple[ReplayDifference[R], ...]


class Replay(Generic[R]):
    """Folds events again for one generation of a view, without writing anything.

    The lane may move meanwhile. So a row counts as different only when, looked at again, it is none of what
    its events make of it between the positions before and after it was read.
    """

    def __init__(
        self,
        view: View[R],
        store: Store[R],
        log: Log,
        codec: Codec,
        *,
        left_out: LeftOut | None = None,
        away: Collection[UUID] = (),
        most_rows: int = 200_000,
        opening: Opening | None = None,
    ) -> None:
        """``left_out`` says which events the generation leaves out: they are no reason to differ. Of the
        tenants that are ``away``, served from elsewhere, no row is looked at: what stays behind is nobody's.

        ``opening`` opens what a Postgres view's table holds in plain.
        """
        opens = opening if isinstance(view, PostgresView) else None
        self._opening = opens or PlainOpening()
        self._view, self._store, self._log, self._codec = view, store, log, codec
        self._left_out, self._most = left_out or LeftOut(), most_rows
        self._away = frozenset(away)

    async def diff(self, chosen: Chosen = Chosen()) -> Diff[R]:
        """Compare. Raises TooMuch, FoldFailed for an event that nobody parked, and Lost."""
        position = (await self._store.checkpoint()).position
        events, keys = await self._touched(chosen, position)
        if chosen.everything:
            async with aclosing(self._store.scan(chosen.select.tenant_id)) as batches:
                async for batch in batches:
                    self._add(keys, batch)
        suspects = {key for key, _ in await self._differing(keys)}
        found = await self._differing(suspects)
        return Diff(
            view=self._view,
            position=position,
            events=events,
            rows=len(keys),
            differences=tuple(difference for _, difference in found),
        )

    async def _touched(self, chosen: Chosen, position: int) -> tuple[int, set[FullKey]]:
        keys: set[FullKey] = set()
        at, events = chosen.after, 0
        until = position if chosen.until is None else min(chosen.until, position)
        select = self._only_folded(chosen.select)
        while page := await self._log.read(after=at, until=until, limit=_PAGE, select=select):
            for envelope in filter(self._left_out.takes, page):
                try:
                    touched = self._view.touched(self._codec.decode(envelope), envelope)
                except Exception as error:
                    raise FoldFailed(envelope) from error
                self._add(keys, ((envelope.tenant_id, key) for key in touched))
            at, events = page[-1].position, events + len(page)
        return events, keys

    def _add(self, keys: set[FullKey], more: Collection[FullKey] | Iterator[FullKey]) -> None:
        keys.update(full for full in more if full[0] not in self._away)
        if len(keys) > self._most:
            raise TooMuch(
                f"More than {self._most:,} rows of {self._view.name} are touched, the most that are compared; "
                "choose fewer events, or reconcile the whole view.",
                self._most,
            )

    def _only_folded(self, select: Selection) -> Selection:
        """The selection without what the view does not fold."""
        types = set(self._view.folds)
        return Selection(
            types=sorted(types if select.types is None else types.intersection(select.types)),
            tenant_id=select.tenant_id,
            originator_id=select.originator_id,
            correlation_id=select.correlation_id,
            since=select.since,
            until=select.until,
        )

    async def _differing(self, keys: set[FullKey]) -> list[tuple[FullKey, ReplayDifference[R]]]:
        """Rows whose stored state is none of those that they had while they were read."""
        if not keys:
            return []
        before = (await self._store.checkpoint()).position
        stored, newest = await self._load(keys)
        # Rows outside Postgres may be ahead of their checkpoint.
        after = max((await self._store.checkpoint()).position, newest)
        folding: Folding[R] = Folding(self._view, self._codec, keys)
        async for page in self._events(keys, 0, before):
            folding.take(page)
        since = await self._kept_since()
        rows = await self._as_written(folding, since)
        wrong = {key for key in keys if not alike(stored.get(key), rows.get(key))}
        folded = {key: rows.get(key) for key in wrong}
        async for page in self._events(keys, before, after):
            for event in page:
                folding.take([event])
                rows = await self._as_written(folding, since)
                wrong -= {key for key in wrong if alike(stored.get(key), rows.get(key))}
        return [
            (full, ReplayDifference(*full, stored.get(full), folded[full])) for full in sorted(wrong, key=str)
        ]

    async def _kept_since(self) -> datetime | None:
        kept = isinstance(self._view, PostgresView) and self._view.horizon() is not None
        return await self._store.kept_since() if kept and isinstance(self._store, PostgresStore) else None

    async def _as_written(self, folding: Folding[R], since: datetime | None) -> Mapping[FullKey, R | None]:
        rows = await as_written(self._view.row, folding.rows, self._opening)
        horizon = self._view.horizon() if since is not None and isinstance(self._view, PostgresView) else None
        if horizon is None or since is None:
            return rows
        return {full: row for full, row in rows.items() if row is None or horizon.keeps(row, since)}

    async def _load(self, keys: set[FullKey]) -> tuple[dict[FullKey, R], int]:
        """The stored rows, and the position of the newest where the store knows."""
        stored: dict[FullKey, R] = {}
        newest = 0
        for batch in _batches(keys):
            found = await there(self._store, batch)
            stored |= found
            if isinstance(found, LoadedRows):
                newest = max(newest, *found.positions.values(), 0)
        # A version that no event gave says nothing about how far the lane is.
        return stored, min(newest, await self._log.head())

    async def _events(self, keys: set[FullKey], after: int, until: int) -> AsyncIterator[list[Envelope]]:
        """Pages of all events that may touch these rows; each row's own in their order."""
        by_tenant: dict[UUID, list[UUID]] = defaultdict(list)
        for tenant_id, key in keys:
            by_tenant[tenant_id].append(key[0])
        if by_stream(self._view) and len(keys) <= _FEW:
            for tenant_id, ids in by_tenant.items():
                for batch in _batches(ids):
                    for events in (await self._log.streams(tenant_id, batch)).values():
                        yield [event for event in self._taken(events) if after < event.position <= until]
            return
        sole = next(iter(by_tenant)) if len(by_tenant) == 1 else None
        select = self._only_folded(Selection(tenant_id=sole))
        while page := await self._log.read(after=after, until=until, limit=_PAGE, select=select):
            after = page[-1].position
            yield self._taken(page)

    def _taken(self, page: list[Envelope]) -> list[Envelope]:
        return [event for event in page if self._left_out.takes(event)] if self._left_out else page


def alike(left: object, right: object) -> bool:
    """Whether two rows, or values, are the same once they are stored: what went through a store as JSON
    holds lists where a fold has tuples."""
    return left == right or _as_stored(left) == _as_stored(right)


def _as_stored(value: object) -> object:
    # JSON of any shape.
    stored: object = msgspec.json.decode(msgspec.json.encode(value))
    return stored


def _batches(items: Collection[T]) -> Iterator[list[T]]:
    whole = list(items)
    for start in range(0, len(whole), _AT_ONCE):
        yield whole[start : start + _AT_ONCE]
