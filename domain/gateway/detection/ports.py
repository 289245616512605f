"""What looking for patterns and anomalies needs of the rest of the product."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.detection.matching import EarlierMatch, Occurred
from domain.gateway.detection.patterns import RelatedBy
from domain.kit.log import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """A place in a company's part of the log: the event that stands there, as positions are another database's
    when the company is moved."""

    stream_id: UUID | None
    """The stream of the event; None where a moment is all that is known."""
    version: int
    at: datetime
    """When it was stored."""

    @classmethod
    def of(cls, envelope: Envelope) -> "LogPlace":
        """The place of a stored event."""
        return cls(
            stream_id=envelope.originator_id, version=envelope.originator_version, at=envelope.timestamp
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event from outside, where it stands in the log, and what it belongs together by."""

    position: int
    event: Occurred
    related: Mapping[RelatedBy, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPage:
    """Some of the events that were received, in the order of the log."""

    events: Sequence[Received]
    until: LogPlace
    """Up to which place these are all."""
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

    async def received(self, tenant_id: UUID, after: LogPlace) -> ReceivedPage:
        """A page of what was received after a place, once what is read below shows all that has been received, on
        later pages too."""
        ...

    async def position(self, tenant_id: UUID, place: LogPlace) -> int:
        """The position of a place in the log of the database in which the company is now."""
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
        received_after: int,
        after: Occurred | None,
    ) -> Sequence[Awaiting]:
        """Some events of a type since a moment and before another that belong to a group and stand behind this
        position of the log, in the order of their times, behind the last one that is known; none when there are no
        more."""
        ...

    async def followed(
        self, tenant_id: UUID, by: RelatedBy, type: str, seconds: int, events: Sequence[Awaiting]
    ) -> Collection[UUID]:
        """Those of some events that one of this type followed within so many seconds."""
        ...

    async def hourly(
        self, tenant_id: UUID, type: str, source_id: UUID | None, hours: Sequence[datetime]
    ) -> tuple[Mapping[datetime, int], datetime | None]:
        """How many events of a type happened in the hours that begin then, and the first hour in which any did."""
        ...

    async def measured(
        self, tenant_id: UUID, type: str, source_id: UUID | None, hours: Sequence[datetime], measure: str
    ) -> tuple[Mapping[datetime, int], datetime | None, Mapping[datetime, float]]:
        """The same of the events that have a searchable number under this key, with its sums in these hours."""
        ...
