"""What looking for patterns and anomalies needs of the rest of the product."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.detection.matching import EarlierMatch, Occurred
from domain.gateway.detection.patterns import RelatedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event from outside as it was received: its place in the log, and what it belongs together by."""

    position: int
    event: Occurred
    related: Mapping[RelatedBy, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPage:
    """Some of the events that were received, in the order of the log."""

    events: Sequence[Received]
    until: int
    """Up to which position of the log these are all."""
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpan:
    """A time of one group: what its events belong together by, since when, and until when, both inclusive."""

    related: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEvents:
    """The events of a group in a time; unless they are ``whole``, the earliest are left out."""

    events: Sequence[Occurred]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """An event that another is to follow, and what they belong together by."""

    event: Occurred
    related: str


class OutsideHistory(Protocol):
    """Reads what outside systems sent."""

    async def received(self, tenant_id: UUID, after: int) -> ReceivedPage:
        """A page of what was received after a position, once what is read below shows all of it."""
        ...

    async def of_groups(
        self, tenant_id: UUID, by: RelatedBy, types: Collection[str], spans: Sequence[GroupSpan]
    ) -> Mapping[str, GroupEvents]:
        """The events of these types of some groups, each in its time."""
        ...

    async def told(
        self, tenant_id: UUID, pattern_id: UUID, spans: Sequence[GroupSpan]
    ) -> Mapping[str, Sequence[EarlierMatch]]:
        """What was told before of a pattern in some groups, each in its time."""
        ...

    async def happened(
        self,
        tenant_id: UUID,
        by: RelatedBy,
        type: str,
        since: datetime,
        until: datetime,
        after: Occurred | None,
    ) -> Sequence[Awaiting]:
        """Some events of a type since a moment and before another that belong to a group, in the order of their
        times, behind the last one that is known; none when there are no more."""
        ...

    async def followed(
        self, tenant_id: UUID, by: RelatedBy, type: str, seconds: int, events: Sequence[Awaiting]
    ) -> Collection[UUID]:
        """Those of some events that one of this type followed within so many seconds."""
        ...

    async def hourly(
        self, tenant_id: UUID, type: str, source_id: UUID | None, hours: Sequence[datetime]
    ) -> tuple[Mapping[datetime, int], datetime | None]:
        """How many events of a type happened in the hours that begin then, and when the first one ever did."""
        ...
