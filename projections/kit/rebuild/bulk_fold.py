"""Folds pages of events over cached rows; a stream that cannot be folded is parked, and the rest goes on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Generic

from domain.kit.codec import Codec
from domain.kit.log import Envelope
from projections.kit.backoff import Backoff
from projections.kit.declare.folded_rows import Step
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, View
from projections.kit.follow.lane import Lane, LeftOut, Parking, Stuck
from projections.kit.rebuild.row_cache import RowCache

_logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_SLICE = 250
"""Events folded before the network gets its turn: a page that is being written goes on meanwhile."""


class BulkFold(Generic[R]):
    """The folding of one build: `touch` events as they come, then `fold` the page that they make."""

    def __init__(
        self, view: View[R], codec: Codec, lane: Lane, parking: Parking, *, rows: int, backoff: Backoff
    ) -> None:
        """About ``rows`` rows are kept at hand."""
        self._view, self._codec, self._lane, self._parking = view, codec, lane, parking
        self._backoff = backoff
        self.cache: RowCache[R] = RowCache(view, size=rows)
        self._steps: list[Step] = []
        self._left_out = LeftOut()

    async def begin(self) -> None:
        """Learn which events are left out."""
        self._left_out = await self._parking.left_out(self._lane)

    async def touch(self, events: list[Envelope]) -> None:
        """Take the next events: decodes them and find out which rows they touch."""
        decode, touch, take = self._codec.decode, self.cache.touch, self._steps.append
        for envelope in events:
            if self._left_out and not self._left_out.takes(envelope):
                continue
            try:
                take(touch(decode(envelope), envelope))
            except Exception as error:  # noqa: BLE001  # It is kept with the event that is to blame.
                if (step := await self._again(envelope, error, fold=False)) is not None:
                    take(step)

    async def fold(
        self,
        before: int,
        load: Callable[[Collection[FullKey]], Awaitable[dict[FullKey, R]]],
    ) -> None:
        """Fold what was touched; ``before`` is up to where the view was folded before that."""
        cache, steps = self.cache, self._steps
        if missing := cache.missing():
            cache.loaded(await load(missing), before)
        fold = cache.fold
        for begin in range(0, len(steps), _SLICE):
            for step in steps[begin : begin + _SLICE]:
                if self._left_out and not self._left_out.takes(step[2]):
                    continue
                try:
                    fold(step)
                except Exception as error:  # noqa: BLE001  # As above.
                    if await self._again(step[2], error, fold=True) is None:
                        cache.unfolded(step)
                        if missing := cache.missing():
                            cache.loaded(await load(missing), before)
            await asyncio.sleep(0)
        steps.clear()
        cache.folded()

    async def _again(self, envelope: Envelope, error: Exception, *, fold: bool) -> Step | None:
        """Try an event again that could not be touched, or folded; park its stream when that is in vain."""
        for attempt in range(1, _ATTEMPTS):
            await asyncio.sleep(self._backoff.pause(attempt))
            try:
                step = self.cache.touch(self._codec.decode(envelope), envelope)
                if fold:
                    self.cache.fold(step)
                return step
            except Exception as latest:  # noqa: BLE001  # As above.
                error = latest
        stuck = Stuck.of(envelope, error, _ATTEMPTS)
        _logger.error(
            "%s parks stream %s: %s.", self._view.name, envelope.originator_id, stuck.text, exc_info=error
        )
        await self._parking.park(self._lane, [stuck])
        self._left_out = await self._parking.left_out(self._lane)
        self._lane.errors += 1
        return None
