"""Mixpanel's raw export: the events of a day, one in a line.

No day is asked for that has not begun everywhere, as an export of tomorrow is refused. Events come late, those of
phones by up to five days; so these days are read again.
"""

import json
import re
from datetime import timedelta
from itertools import islice
from urllib.parse import urlencode

from app.gateway.pulls.http_pages import HttpPage, Json
from app.gateway.pulls.tools.days import Day
from app.gateway.pulls.tools.pulled_tool import PageQuery, PulledTool
from domain.gateway.bodies import read_json
from domain.kit.process.http_client import HttpRequest
from domain.processes.webhooks.tools.protocol import Target, basic

_LATE = timedelta(days=5)
_BEHIND = timedelta(hours=12)
"""How far clocks are behind UTC at the most."""
_LINE = re.compile(r"[^\n]+")


class MixpanelEvents(PulledTool):
    """A page is a day."""

    most = 20_000

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

    def decoded(self, text: str) -> Json:
        # One more than it may have says that it has too many.
        lines = (found.group() for found in _LINE.finditer(text) if not found.group().isspace())
        return [read_json(line) for line in islice(lines, self.most + 1)]

    def page(self, query: PageQuery, said: Json) -> HttpPage:
        following, over = Day.read(query).following(query, (query.now - _BEHIND).date(), _LATE)
        return HttpPage(said, following, over=over)
