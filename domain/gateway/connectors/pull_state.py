"""What is kept of a connector as it pulls."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from domain.gateway.connectors.terms import SyncMode
from domain.kit.process.schedules import Cron

_LONGEST_PAUSE = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulling:
    """A connector, as it pulls."""

    mode: SyncMode
    cron: str | None
    zone: str
    seconds: int | None
    active: bool = True
    run_id: UUID | None = None
    """The pull that is under way."""
    marks: tuple[str, ...] = ()
    """Fingerprints of the cursors at which it has read, and of what was there."""
    busy: bool = False
    """Whether anything new came in by it."""
    failures: int = 0
    """How many pulls came to nothing one after the other."""
    known: Mapping[str, str] = field(default_factory=dict)
    """What there was at the last full load."""

    half: UUID | None = None
    """The page or load of a pull that failed: some of it may have come in that is not counted."""
    half_page: int = 0
    """The page of a pull at which that page is read again."""
    half_at: datetime | None = None
    """Of a load, the time that it gives its events."""

    def next_at(self, at: datetime) -> datetime | None:
        """When it pulls next after a moment, by itself."""
        if self.seconds is not None:
            pause = self.seconds * 2 ** min(self.failures, 10)
            return at + timedelta(seconds=max(self.seconds, min(pause, _LONGEST_PAUSE)))
        return None if self.cron is None else Cron(self.cron, self.zone).after(at)

    def idle(self) -> Self:
        """The same, with no pull under way."""
        return replace(self, run_id=None, marks=(), busy=False)

    def whole(self) -> Self:
        """The same, with nothing that came in by half."""
        return replace(self, half=None, half_page=0, half_at=None)

    def shown(self, at: datetime) -> datetime | None:
        """What is said of when it pulls next."""
        return self.next_at(at) if self.active else None
