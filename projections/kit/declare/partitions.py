"""Views whose tables have partitions: by days or months of a time, which go as a whole, or by hash."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from projections.kit.declare.row import Row


class Span(StrEnum):
    """How much time a partition holds."""

    DAY = "day"
    MONTH = "month"

    def begin(self, time: datetime) -> datetime:
        """The first moment of the day or month of a time, in UTC."""
        day = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day if self is Span.DAY else day.replace(day=1)

    def end(self, time: datetime) -> datetime:
        """The first moment after that day or month."""
        return self.begin(self.begin(time) + timedelta(days=1 if self is Span.DAY else 31))


@dataclass(frozen=True, slots=True)
class ByTime:
    """A partition for each day or month of the time or date in the column ``by``, in UTC.

    Rows are kept for so many ``days`` at least and go by whole partitions, which are dropped. As with `Retain`,
    the boundary is in ``audit.retention`` and only moves forward: no row from before it is written, loaded or
    compared, so that neither a late event nor a rebuild brings one back (ADR 56). Rows for which there is no
    partition, as of a clock that is wrong, are in one of their own.
    """

    by: str
    every: Span
    days: int

    def boundary(self, now: datetime) -> datetime:
        """From when on rows are kept."""
        return self.every.begin(now - timedelta(days=self.days))

    def keeps(self, row: Row, since: datetime) -> bool:
        """Whether a row is young enough to be kept, with the boundary at ``since``."""
        at: date = getattr(row, self.by)
        return at >= (since if isinstance(at, datetime) else since.date())

    @property
    def period(self) -> str:
        """For how long rows are kept, in words."""
        return f"{self.days} days, by whole {self.every}s"


@dataclass(frozen=True, slots=True)
class ByHash:
    """So many partitions, over which rows are spread by the column ``by``, of one tenant's as of another's."""

    by: str
    parts: int
