"""Follows a short part of the log event by event where need be: for rows in a bulk that a store refuses."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from domain.kit.codec import Codec
from domain.kit.events import Event
from domain.kit.log import EVERYTHING, Envelope, Selection
from projections.kit.background import end
from projections.kit.backoff import Backoff
from projections.kit.declare.view import View
from projections.kit.follow.follower import ViewFollower
from projections.kit.follow.lane import Lane, Ledger
from projections.kit.follow.pages import LogEntry
from projections.kit.store.store import Store

_PAGE = 500
_IDLE = 0.01


class Copied(Protocol):
    """The log, as `BulkLog` has it."""

    def copy_out(
        self, *, after: int = 0, until: int | None = None, select: Selection = EVERYTHING
    ) -> AsyncGenerator[list[Envelope], None]:
        """Events in order of position."""
        ...


class LogPart:
    """A part of the log as a follower's pages. Another tenant's events, when it is for one, are of no type."""

    read_at = 0.0

    def __init__(self, log: Copied, codec: Codec, until: int, tenant_id: UUID | None) -> None:
        self._log, self._codec, self._until, self._tenant = log, codec, until, tenant_id
        self.ended = asyncio.Event()
        # The follower must not take the end of this part for the end of the log.
        self.head = until + 1

    async def after(self, position: int, *, wait: float, passing: object = None) -> list[LogEntry]:
        """The next page; ``ended`` is set when there is none."""
        if position >= self._until:
            self.ended.set()
            await asyncio.sleep(_IDLE)
            return []
        found: list[Envelope] = []
        until = min(position + _PAGE, self._until)
        async with contextlib.aclosing(self._log.copy_out(after=position, until=until)) as chunks:
            async for envelopes in chunks:
                found += envelopes
        return [
            LogEntry(envelope if self._tenant in (None, envelope.tenant_id) else replace(envelope, type=""))
            for envelope in found
        ]

    def event(self, entry: LogEntry) -> Event:
        """The event of an entry."""
        return self._codec.decode(entry.envelope)


# Rows differ in type, hence Any.
async def follow_part(
    view: View[Any],
    store: Store[Any],
    log: Copied,
    codec: Codec,
    lane: Lane,
    ledger: Ledger,
    *,
    until: int,
    tenant_id: UUID | None,
    backoff: Backoff,
) -> None:
    """Follow from the checkpoint up to a position: what cannot be folded or stored is found and parked.

    Raises as `ViewFollower.run` does.
    """
    part = LogPart(log, codec, until, tenant_id)
    follower = ViewFollower(view, store, part, lane, ledger, failing=backoff, waiting=backoff)
    following = asyncio.create_task(follower.run(), name=f"careful {view.name}")
    ended = asyncio.create_task(part.ended.wait())
    try:
        await asyncio.wait({following, ended}, return_when=asyncio.FIRST_COMPLETED)
        follower.stop()
        await following
    finally:
        await end(following, ended)
