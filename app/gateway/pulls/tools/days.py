"""Days of a tool, pulled one after the other; what is known of the last ones changes: they are read again."""

from dataclasses import dataclass
from datetime import date, timedelta

from app.gateway.pulls.tools.pulled_tool import PageQuery

_BEFORE = timedelta(days=30)
"""Where nobody says from when on, so much is pulled at first."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day, and how far it is read already, as its tool says that."""

    at: date
    within: str = ""

    @classmethod
    def read(cls, query: PageQuery) -> "Day":
        """Where a page begins."""
        if query.cursor is None:
            since, begin = query.settings.get("since"), query.now.date() - _BEFORE
            if since is not None:
                return cls(date.fromisoformat(since))
            # What came since it was stopped is not passed over, however long that is ago.
            return cls(begin if query.left is None else min(begin, cls._read(query.left).at))
        return cls._read(query.cursor)

    @classmethod
    def _read(cls, cursor: str) -> "Day":
        at, _, within = cursor.partition(" ")
        return cls(date.fromisoformat(at), within)

    def __str__(self) -> str:
        return f"{self.at} {self.within}".rstrip()

    def following(self, query: PageQuery, last: date, again: timedelta) -> tuple[str, bool]:
        """Where the page behind this day begins, or, after the last day, the next pull: which reads so much again;
        and whether it was the last."""
        if self.at < last:
            return str(Day(self.at + timedelta(days=1))), False
        since = query.settings.get("since")
        begin = last - again
        return str(Day(begin if since is None else max(begin, min(date.fromisoformat(since), self.at)))), True
