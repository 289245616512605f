"""The clock and id ports, and the one moment at which a command happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import uuid_utils.compat

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
    """UUID version 7: later ids sort after earlier ones, which keeps indexes compact."""

    def new(self) -> UUID:
        return uuid_utils.compat.uuid7()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """All that is recorded inside happens at this moment. The bus enters it once for each command."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def moment() -> datetime:
    """The moment of the running command. Raises LookupError outside one."""
    return _moment.get()
