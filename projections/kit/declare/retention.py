"""For how long a view keeps its rows, when that is not as long as the log."""

from dataclasses import dataclass
from datetime import UTC, datetime

from projections.kit.declare.row import Row

SINCE = "select since from audit.retention where log = '{}'"
"""The boundary of one view: rows from before it are gone, and are not written again."""
MOVE = """
insert into audit.retention (log, since) values ($1, $2)
on conflict (log) do update set since = greatest(retention.since, excluded.since), changed_at = clock_timestamp()
"""
"""From here on a log or a view is kept from this moment; the boundary never moves back."""


@dataclass(frozen=True, slots=True)
class Retain:
    """Rows are kept for so many years by the time in the column ``by``, and go by whole months.

    The fold knows nothing of it, so it stays pure: the store writes no row from before the boundary, which only
    ever moves forward and is kept in ``audit.retention``. So a row that went does not come back, whatever is
    replayed, rebuilt or repaired, and two generations of the view hold the same rows at any time (ADR 17).
    """

    years: int
    by: str

    def boundary(self, now: datetime) -> datetime:
        """From when on rows are kept: the first month that is not wholly older than the years."""
        now = now.astimezone(UTC)
        return datetime(now.year - self.years, now.month, 1, tzinfo=UTC)

    def keeps(self, row: Row, since: datetime) -> bool:
        """Whether a row is young enough to be kept, with the boundary at ``since``."""
        at: datetime = getattr(row, self.by)
        return at >= since

    @property
    def period(self) -> str:
        """For how long rows are kept, in words."""
        return f"{self.years} years, by whole months"
