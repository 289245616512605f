"""Mixpanel's raw export: the events of a day, one in a line and in no order, as many as there are.

No day is asked for that has not begun everywhere, as an export of tomorrow is refused. Events come late, those of
phones by up to five days; so these days are read again.

A day of more than one page is exported for each of its pages, of which each takes the first events behind the page
before, by their times and what they are known by: wherever they stand in the export, none is passed over.
"""

import hashlib
import heapq
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import orjson

from app.gateway.pulls.http_pages import HttpPage, Json, json_in, read_page
from app.gateway.pulls.tools.days import Day
from app.gateway.pulls.tools.pulled_tool import PageQuery, PulledTool, StreamedPage
from domain.gateway.bodies import value_at
from domain.kit.process.effects import EffectRefused
from domain.kit.process.http_client import HttpRequest
from domain.processes.webhooks.tools.protocol import Target, basic

_LATE = timedelta(days=5)
_BEHIND = timedelta(hours=12)
"""How far clocks are behind UTC at the most."""
_MOST = 20_000
_LARGEST = 16 * 1024 * 1024
"""Bytes of a page, of which each value counts for some at least: it takes more when it is read."""
_LONGEST = 2 * 1024 * 1024
"""Bytes of an event; Mixpanel takes none of a half of that."""
_WHOLE = 1024 * 1024 * 1024
"""Bytes of an export."""
_LINES = 5_000_000
"""Lines of an export."""
_PER_VALUE = 8
_MARKS = (b"{", b"[", b",", b":")
"""Before each value stands one of these."""
_LATEST = 10**15

_Key = tuple[int, int]
"""The time of an event, and a hash of what it is known by: their order within a day."""


class MixpanelEvents(PulledTool):
    """A page is a day, or a part of it."""

    most = _MOST
    seconds = 200.0

    def request(self, to: Target, query: PageQuery) -> HttpRequest:
        day = str(Day.read(query).at)
        parameters = {"from_date": day, "to_date": day, "project_id": to.credentials["projectId"]}
        if events := query.settings.get("events"):
            parameters["event"] = json.dumps(events.split(","))
        return HttpRequest(
            url=f"{to.url}/api/2.0/export?{urlencode(parameters)}",
            method="GET",
            headers={
                "Accept": "text/plain",
                "Authorization": basic(to.credentials["username"], to.credentials["secret"]),
            },
        )

    def streamed(self, query: PageQuery) -> StreamedPage:
        return DayPart(Day.read(query).within, self.most)

    def page(self, query: PageQuery, said: Json) -> HttpPage:
        items, within = said
        day = Day.read(query)
        if within is not None:
            return HttpPage(items, str(Day(day.at, within)), over=False)
        following, over = day.following(query, (query.now - _BEHIND).date(), _LATE)
        return HttpPage(items, following, over=over)


@dataclass(slots=True)
class _Kept:
    """An event that is kept."""

    key: _Key
    line: bytes

    def __lt__(self, other: "_Kept") -> bool:
        """The last one stands first in a heap."""
        return self.key > other.key


class DayPart(StreamedPage):
    """The first events of an export behind some place, so many at the most, whatever their order is."""

    def __init__(self, behind: str, most: int) -> None:
        self._behind, self._most = _read_place(behind), most
        self._before: _Key | None = None
        """The first one that is left for later."""
        self._kept: list[_Kept] = []
        self._bytes = 0
        self._come, self._lines = 0, 0
        """Of the whole export, so far."""
        self._rest = bytearray()
        """The beginning of a line."""

    def add(self, part: bytes) -> None:
        self._come += len(part)
        self._lines += part.count(b"\n")
        if self._come > _WHOLE or self._lines > _LINES:
            raise EffectRefused("page_too_large")
        self._rest += part
        # A line that comes in small parts is not looked at until its end is there.
        lines = bytes(self._rest).split(b"\n") if b"\n" in part else []
        if max(map(len, lines), default=len(self._rest)) > _LONGEST:
            raise EffectRefused("page_too_large")
        if lines:
            self._rest = bytearray(lines.pop())
        for line in lines:
            self._take(line)

    def read(self) -> tuple[list[Json], str | None]:
        """The events in their order, and the place behind them where more follow."""
        self._take(bytes(self._rest))
        kept = sorted(self._kept, reverse=True)
        items = [json_in(each.line) for each in kept]
        if self._before is None:
            return items, None
        time, hash = kept[-1].key
        return items, f"{time} {hash:032x}"

    def _take(self, line: bytes) -> None:
        if not line or line.isspace():
            return
        key = _key(line)
        if self._behind is not None and key <= self._behind:
            return
        if self._before is not None and key >= self._before:
            return
        heapq.heappush(self._kept, _Kept(key, line))
        self._bytes += _weight(line)
        while len(self._kept) > self._most or (self._bytes > _LARGEST and len(self._kept) > 1):
            left = heapq.heappop(self._kept)
            self._bytes -= _weight(left.line)
            self._before = left.key


def _weight(line: bytes) -> int:
    return max(len(line), _PER_VALUE * sum(map(line.count, _MARKS)))


def _key(line: bytes) -> _Key:
    """Raises EffectFailed for what is no JSON: what should follow it is missing."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        # It refuses some of what is JSON to us, as NaN, and what is nested deeply. What is none is where an
        # export broke off.
        read_page(partial(json_in, line))
        said = None
    time, id = value_at(said, "properties.time"), value_at(said, "properties.$insert_id")
    by = line if id is None else orjson.dumps([id, value_at(said, "event"), time])
    number = isinstance(time, int | float) and not isinstance(time, bool) and 0 <= time < _LATEST
    return int(time) if number else 0, int.from_bytes(hashlib.sha256(by).digest()[:16])


def _read_place(text: str) -> _Key | None:
    time, _, hash = text.partition(" ")
    return (int(time), int(hash, 16)) if text else None
