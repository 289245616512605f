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
    """Fingerprints of the cursors at which it has read."""
    busy: bool = False
    """Whether anything new came in by it."""
    failures: int = 0
    """How many pulls came to nothing one after the other."""
    known: Mapping[str, str] = field(default_factory=dict)
    """What there was at the last full load."""

    def next_at(self, at: datetime) -> datetime | None:
        """When it pulls next after a moment, by itself."""
        if self.seconds is not None:
            pause = self.seconds * 2 ** min(self.failures, 10)
            return at + timedelta(seconds=max(self.seconds, min(pause, _LONGEST_PAUSE)))
        return None if self.cron is None else Cron(self.cron, self.zone).after(at)

    def idle(self) -> Self:
        """The same, with no pull under way."""
        return replace(self, run_id=None, marks=(), busy=False)

    def shown(self, at: datetime) -> datetime | None:
        """What is said of when it pulls next."""
        return self.next_at(at) if self.active else None
