"""The clock and id ports, and the one moment at which a command happens."""

import time
from contextvars import ContextVar
from datetime import UTC, datetime
from os import urandom
from typing import Protocol
from uuid import UUID

from domain.kit.ids import id_of

_moment: ContextVar[datetime] = ContextVar("moment")


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The current time in UTC, to the microsecond."""
        ...


class Ids(Protocol):
    """Where new ids come from."""

    def new(self) -> UUID:
        """An id that no one has used."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class TimeOrderedIds:
    """UUID version 7 (RFC 9562): later ids sort after earlier ones, which keeps indexes compact.

    The first 60 bits are the time in units of a 4,096th of a millisecond; ids that one object makes
    within a unit, or after the clock was set back, count on from the last.
    """

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> UUID:
        self._last = max(time.time_ns() * 4096 // 1_000_000, self._last + 1)
        milliseconds, fraction = divmod(self._last, 4096)
        random = int.from_bytes(urandom(8)) >> 2
        return id_of(milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | random)


def in_utc(instant: datetime | None) -> datetime | None:
    """The instant in UTC: one moment said in two time zones is stored as one."""
    return instant and instant.astimezone(UTC)


class at:
    """All that is recorded inside happens at this moment. The bus enters it once for each command."""

    __slots__ = ("_moment", "_token")

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def __enter__(self) -> None:
        self._token = _moment.set(self._moment)

    def __exit__(self, *_: object) -> None:
        _moment.reset(self._token)


def moment() -> datetime:
    """The moment of the running command. Raises LookupError outside one."""
    return _moment.get()
