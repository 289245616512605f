"""What a tool's protocol is to connectors: it asks for the page at a cursor, and reads what is answered."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Protocol

from app.gateway.pulls.http_pages import HttpPage, Json
from domain.gateway.bodies import value_at
from domain.kit.process.http_client import HttpAnswer, HttpRequest
from domain.processes.webhooks.tools.protocol import Target
from domain.processes.webhooks.tools.tokens import SignIn

_LATE = timedelta(minutes=1)
"""How much later than its time a change may be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Which page is asked for."""

    cursor: str | None
    settings: Mapping[str, str]
    now: datetime
    left: str | None = None
    """The cursor at which the connector was before it was pulled from the beginning."""


class StreamedPage(Protocol):
    """Reads an answer as it comes."""

    def add(self, part: bytes) -> None:
        """Read on. Raises EffectRefused and EffectFailed."""
        ...

    def read(self) -> Json:
        """What is read for `PulledTool.page`, once all of it has come. Raises NotEvents, and as `add`."""
        ...


class PulledTool(Protocol):
    """Speaks with one kind of tools."""

    most: int = 5_000
    """Items of a page."""
    seconds: float = 60.0
    """How long an answer may take."""

    def account(self, now: datetime) -> SignIn | None:
        """What gives tokens at a time, where the tool takes these."""
        return None

    def request(self, to: Target, query: PageQuery) -> HttpRequest:
        """What asks for a page; a token is added to it where the tool gives tokens."""
        ...

    def streamed(self, query: PageQuery) -> "StreamedPage | None":
        """What reads an answer as it comes, where all of it may be too much; None: it is JSON."""
        return None

    def page(self, query: PageQuery, said: Json) -> HttpPage:
        """The items of a page, and where the next one is, or the next pull begins."""
        ...

    def is_late(self, answer: HttpAnswer) -> bool:
        """Whether an answer that lets nobody in does so for a time."""
        return False


@dataclass(frozen=True, slots=True)
class ChangePlace:
    """A place among items in the order of the times of their changes, and of their ids within one time."""

    at: datetime
    id: str = ""
    """Behind this one of the items of that time; empty: before all of them."""

    @classmethod
    def read(cls, query: PageQuery) -> "ChangePlace | None":
        """Where a page begins; None: where everything does."""
        if query.cursor is None:
            since = query.settings.get("since")
            return None if since is None else cls(datetime.fromisoformat(since).replace(tzinfo=UTC))
        at, _, id = query.cursor.partition(" ")
        return cls(datetime.fromisoformat(at), id)

    def __str__(self) -> str:
        return f"{self.text} {self.id}".rstrip()

    @property
    def text(self) -> str:
        """The time, to the millisecond."""
        return self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def times_of(items: Sequence[Json], path: str) -> list[datetime]:
    """When items changed, of those that say so, and say a time that has others before and after it."""
    found: list[datetime] = []
    for item in items:
        with suppress(TypeError, ValueError, OverflowError):
            at = datetime.fromisoformat(value_at(item, path)).astimezone(UTC)
            if MINYEAR < at.year < MAXYEAR:
                found.append(at)
    return found


def next_pull_at(times: Sequence[datetime], query: PageQuery) -> str | None:
    """Where the pull after one begins whose last page has items of these times: what changed a moment ago may be
    found late, also behind a page that was full."""
    late = query.now - _LATE
    if times:
        return str(ChangePlace(min(times[-1], late)))
    place = None if query.cursor is None else ChangePlace.read(query)
    return query.cursor if place is None or place.at <= late else str(ChangePlace(late))
