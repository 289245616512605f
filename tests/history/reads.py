"""Reads of the past of a place, counted, delayed or forbidden."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.kit.log import AppendReceipt, Envelope, Selection
from projections.kit.read.as_of import RowsAsOf
from tests.views.place import CODEC, TENANT, Place
from tests.views.toys import Jar

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OTHER = UUID(int=8)


class Clock:
    """A day after noon."""

    def now(self) -> datetime:
        return NOON + timedelta(days=1)


class Reads:
    """The log of a place, and how many events were read from it."""

    def __init__(self, place: Place) -> None:
        self._log = place.log
        self.events = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def read(self, *, after: int, until: int, limit: int, select: Selection) -> Sequence[Envelope]:
        page = await self._log.read(after=after, until=until, limit=limit, select=select)
        self.events += len(page)
        return page


class Waiting(Reads):
    """The log of a place, which nobody reads before so many have asked where it ends."""

    def __init__(self, place: Place, askers: int) -> None:
        super().__init__(place)
        self._missing, self._complete = askers, asyncio.Event()

    async def head(self) -> int:
        head: int = await self._log.head()
        self._missing -= 1
        if not self._missing:
            self._complete.set()
        return head

    async def read(self, *, after: int, until: int, limit: int, select: Selection) -> Sequence[Envelope]:
        await self._complete.wait()
        return await super().read(after=after, until=until, limit=limit, select=select)


class Unread(Reads):
    """The log of a place, of which no events are read."""

    async def streams(self, *_: object, **__: object) -> None:
        raise AssertionError("It was read.")


def history(place: Place, **limits: int) -> RowsAsOf:
    return RowsAsOf(place.log, CODEC, clock=Clock(), **limits)


async def filled_at(place: Place, minutes: int, *, tenant: UUID = TENANT) -> int:
    """The position of a new jar, filled so many minutes after noon."""
    command = place.command((uuid4(), Jar.Filled(name="figs", shelf="top", amount=1)), tenant=tenant)
    events = tuple(replace(event, timestamp=NOON + timedelta(minutes=minutes)) for event in command.events)
    outcome = await place.log.append(replace(command, events=events))
    assert isinstance(outcome, AppendReceipt)
    return outcome.last
