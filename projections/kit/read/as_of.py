"""Rows of views as they were: folded from the log up to a position or a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from sys import getsizeof
from typing import Any, Generic, TypeAlias
from uuid import UUID

from domain.kit.clock import Clock, SystemClock
from domain.kit.codec import Codec
from domain.kit.log import Envelope, Log, Selection
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.declare.view import View
from projections.kit.follow.memory_fold import Folding
from projections.kit.read.allowance import TookTooLong, allowance
from projections.kit.read.shares import Shares
from projections.kit.store.derived_columns import Derived, json_of

Moment: TypeAlias = int | datetime
"""A position of the log, or a time.

Rows as of a position have folded all events up to it and none after. A time means the last position of the
tenant whose event says that time or an earlier one: positions, not clocks, are the order of the log, and
where a clock was set back, everything that stands before such an event counts as happened before it. So a
later time never means an earlier position, and nothing that had happened by then is left out.
"""

_PAGE = 500
_SINGLE = 4
"""Looks at single things at a time."""
_SLICE = 200
"""Events that are read, and folded, in one go."""


class InFuture(Exception):
    """The log has not come to this moment; ``what`` is ``position``, ``time`` or ``version``."""

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class TooMuch(Exception):
    """More events, rows or bytes than may be folded for one answer; ``limit`` says how many may."""

    def __init__(self, message: str, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


@dataclass(frozen=True)
class Past(Generic[R]):
    """All rows of one tenant in a view as of a position; ``events`` were folded for them, and they take about
    ``size`` bytes of memory."""

    rows: Mapping[Key, R]
    position: int
    events: int
    size: int

    def json(self, columns: Sequence[Derived] = ()) -> str:
        """The rows as a JSON array, with these derived columns, for Postgres to filter and sort."""
        return json_of(columns, self.rows.values())


class _Weighed(dict[Any, Any]):
    """Rows by their keys, and about how many bytes they take."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def __setitem__(self, key: object, row: object) -> None:
        self.size += _weight(row) - (_weight(self[key]) if key in self else 0)
        super().__setitem__(key, row)

    def __delitem__(self, key: object) -> None:
        self.size -= _weight(self[key])
        super().__delitem__(key)


_ROW = 300
"""What a row takes beside its texts: the object, its key, its place in the mapping."""


def _weight(row: Any) -> int:
    """About how many bytes a row takes in memory; rows differ in type."""
    return _ROW + sum(_size(getattr(row, name)) for name in row.__struct_fields__)


def _size(value: object) -> int:
    if isinstance(value, dict):
        return getsizeof(value) + sum(_size(key) + _size(item) for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return getsizeof(value) + sum(map(_size, value))
    return getsizeof(value)


def _past(rows: _Weighed, position: int, events: int) -> Past[Any]:
    return Past({key: row for (_, key), row in rows.items()}, position, events, rows.size)


def by_stream(view: View[Any]) -> bool:
    """Whether every event of the view touches the row of its own stream and no other."""
    return all(fold.by_stream for fold in view.folds.values())


class RowsAsOf:
    """Any view as of any moment, one tenant at a time.

    Whole views are folded one after another, of at most ``most_events`` events into at most ``most_rows``
    rows that take at most ``most_bytes``; of those that wait, tenants have their turns. What was is never changed,
    so results are kept, the least recently used going first, as long as they take no more than ``most_kept`` bytes
    together; a later moment goes on from an earlier result, and so does who asks again after TookTooLong from what
    had been folded by then. Single things are folded one at a time for each
    tenant, of streams of at most ``most_bytes``.
    """

    def __init__(
        self,
        log: Log,
        codec: Codec,
        *,
        clock: Clock | None = None,
        most_events: int = 500_000,
        most_rows: int = 100_000,
        most_bytes: int = 32_000_000,
        most_kept: int = 64_000_000,
    ) -> None:
        self._log, self._codec, self._clock = log, codec, clock or SystemClock()
        self._most_events, self._most_rows = most_events, most_rows
        self._most_bytes, self._most_kept = most_bytes, most_kept
        # Views differ in their rows' types, hence Any.
        self._views: dict[type[View[Any]], View[Any]] = {}
        self._kept: OrderedDict[tuple[UUID, str, int, int], Past[Any]] = OrderedDict()
        self._folding, self._tenants = asyncio.Semaphore(1), Shares(1)
        self._looking, self._lookers = asyncio.Semaphore(_SINGLE), Shares(1)

    async def position(self, tenant_id: UUID, moment: Moment) -> int:
        """The position that the moment means to the tenant, 0 before its first event. Raises InFuture."""
        if isinstance(moment, int):
            head = await self._log.head()
            if moment > head:
                raise InFuture(f"Position {moment} does not exist yet; the log ends at {head}.", "position")
            return moment
        if moment > (now := self._clock.now()):
            raise InFuture(f"The time {moment.isoformat()} has not come; it is {now.isoformat()}.", "time")
        return await self._log.position_at(tenant_id, moment)

    async def position_of(self, tenant_id: UUID, stream: UUID, version: int) -> int:
        """The position at which a stream reached a version; 0 for version 0 and for a stream that is not
        the tenant's. Raises InFuture for a version that the stream has not reached."""
        position, last = await self._log.position_of(tenant_id, stream, version)
        if version > last > 0:
            raise InFuture(f"Version {version} does not exist yet; the last one is {last}.", "version")
        return position

    async def rows(
        self, view: type[View[R]], tenant_id: UUID, keys: Collection[Key], moment: Moment
    ) -> dict[Key, R]:
        """The rows with these keys; absent ones are left out. Raises InFuture, and TooMuch when their streams are
        too long, or the view's rows are made of many streams and `all` of them would be too many."""
        position = await self.position(tenant_id, moment)
        instance = self._view(view)
        if not by_stream(instance):
            past = await self.all(view, tenant_id, position)
            return {key: past.rows[key] for key in keys if key in past.rows}
        folding: Folding[R] = Folding(instance, self._codec)
        ids = [id for (id,) in keys]
        async with self._lookers.of(tenant_id), self._looking:
            if (size := await self._log.size_of(tenant_id, ids)) > self._most_bytes:
                raise self._too_much("bytes", self._most_bytes, view)
            allowance().spend(size)
            with allowance().timed():
                streams = (await self._log.streams(tenant_id, ids)).values()
            for events in streams:
                allowance().require_time()
                self._take(folding, [event for event in events if event.position <= position])
        return dict(self._retained(view, {key: row for (_, key), row in folding.rows.items()}))

    async def all(self, view: type[View[R]], tenant_id: UUID, moment: Moment) -> Past[R]:
        """All rows of the tenant. Raises InFuture and TooMuch, and TookTooLong as `allowance` says."""
        past = await self._all(view, tenant_id, await self.position(tenant_id, moment))
        rows = self._retained(view, past.rows)
        return past if rows is past.rows else replace(past, rows=rows)

    async def _all(self, view: type[View[R]], tenant_id: UUID, position: int) -> Past[R]:
        if (known := self._known(view, tenant_id, position)) is not None:
            return known
        # One at a time: each takes the memory of its rows, and the time of everyone else in the process.
        async with self._tenants.of(tenant_id), self._folding:
            if (known := self._known(view, tenant_id, position)) is not None:
                return known
            past = await self._fold(view, tenant_id, position)
            self._keep(view, tenant_id, past)
        return past

    async def _fold(self, view: type[View[R]], tenant_id: UUID, position: int) -> Past[R]:
        instance, earlier = self._view(view), self._earlier(view, tenant_id, position)
        folding: Folding[R] = Folding(instance, self._codec)
        folding.rows = rows = _Weighed()
        at = events = 0
        if earlier is not None:
            rows.update({(tenant_id, key): row for key, row in earlier.rows.items()})
            at, events, rows.size = earlier.position, earlier.events, earlier.size
        select = Selection(tenant_id=tenant_id, types=sorted(instance.folds))
        while True:
            with allowance().timed():
                page = await self._log.read(after=at, until=position, limit=_PAGE, select=select)
            if not page:
                break
            if events + len(page) > self._most_events:
                raise self._too_much("events", self._most_events, view)
            for start in range(0, len(page), _SLICE):
                self._take(folding, part := page[start : start + _SLICE])
                at, events = part[-1].position, events + len(part)
                if rows.size > self._most_bytes:
                    raise self._too_much("bytes", self._most_bytes, view)
                try:
                    allowance().require_time()
                except TookTooLong:
                    # Something was folded, so whoever asks again gets further.
                    self._keep(view, tenant_id, _past(rows, at, events))
                    raise
                # Whoever else is served by this process has waited long enough.
                await asyncio.sleep(0)
            if len(rows) > self._most_rows:
                raise self._too_much("rows", self._most_rows, view)
            if len(page) < _PAGE:
                break
        return _past(rows, position, events)

    def _take(self, folding: Folding[R], events: Sequence[Envelope]) -> None:
        """Fold some events, in the time of what asks for them."""
        with allowance().timed():
            folding.take(events)

    def _retained(self, view: type[View[R]], rows: Mapping[Key, R]) -> Mapping[Key, R]:
        """Without the rows that the view keeps no longer: looking back does not bring them back."""
        horizon = view.horizon() if issubclass(view, PostgresView) else None
        if horizon is None:
            return rows
        since = horizon.boundary(self._clock.now())
        return {key: row for key, row in rows.items() if horizon.keeps(row, since)}

    def _too_much(self, what: str, most: int, view: type[View[Any]]) -> TooMuch:
        return TooMuch(
            f"{view.name} as of then is made of more than {most:,} {what}, the most there may be.", most
        )

    def _known(self, view: type[View[R]], tenant_id: UUID, position: int) -> Past[R] | None:
        key = (tenant_id, view.name, view.version, position)
        if (past := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return past

    def _earlier(self, view: type[View[R]], tenant_id: UUID, position: int) -> Past[R] | None:
        """The nearest result before a position."""
        mine = [past for key, past in self._kept.items() if key[:3] == (tenant_id, view.name, view.version)]
        return max(
            (past for past in mine if past.position < position), key=lambda past: past.position, default=None
        )

    def _keep(self, view: type[View[R]], tenant_id: UUID, past: Past[R]) -> None:
        self._kept[tenant_id, view.name, view.version, past.position] = past
        # An empty result takes room as well.
        while sum(_ROW + past.size for past in self._kept.values()) > self._most_kept and len(self._kept) > 1:
            self._kept.popitem(last=False)

    def _view(self, view: type[View[R]]) -> View[R]:
        if view not in self._views:
            self._views[view] = view()
        return self._views[view]
