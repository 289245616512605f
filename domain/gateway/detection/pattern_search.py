"""What is known of the search for a company's patterns: which are on since when, and how far it was looked."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.gateway.detection.patterns import PatternTerms
from domain.gateway.detection.ports import LogPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtPattern:
    """A pattern, and the event that turned it on, after which what is received counts; None while it is off.

    By places of the log rather than times: hosts whose clocks differ stamp one log.
    """

    id: UUID
    terms: PatternTerms
    since: LogPlace | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSearch:
    """The patterns of a company, and how far it was looked."""

    patterns: tuple[SoughtPattern, ...]
    after: LogPlace
    """The last event that was looked at."""
    until: datetime
    """When what was to follow other events had to have happened."""

    @property
    def active(self) -> bool:
        """Whether there is something to look for."""
        return any(pattern.since is not None for pattern in self.patterns)

    def switched(self, id: UUID, since: LogPlace | None) -> "PatternSearch":
        """With one of the patterns on, from this place on, or off."""
        patterns = tuple(
            replace(pattern, since=since) if pattern.id == id else pattern for pattern in self.patterns
        )
        # Whoever looked for nothing has nothing to catch up on.
        here = self if self.active or since is None else replace(self, after=since, until=since.at)
        return replace(here, patterns=patterns)
