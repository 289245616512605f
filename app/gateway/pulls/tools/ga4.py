"""Google Analytics 4 by the Data API: the rows of a report of each day.

What a row is about are its date and dimensions, and its figures change for some days: so these are read again, and
a row with other figures than it had last is another event.
"""

import base64
import binascii
import json
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

from app.gateway.pulls.http_pages import HttpPage, Json, listed
from app.gateway.pulls.tools.days import Day
from app.gateway.pulls.tools.pulled_tool import PageQuery, PulledTool
from domain.gateway.bodies import value_at
from domain.gateway.connectors.tools import TERMS, ConnectorTool
from domain.kit.process.effects import EffectRefused
from domain.kit.process.http_client import HttpRequest
from domain.processes.webhooks.tools.protocol import Target, json_request
from domain.processes.webhooks.tools.tokens import SignIn

_LATE = timedelta(days=3)
_PAGE = 2_500
_DIMENSIONS, _METRICS = "eventName", "eventCount,totalUsers"
_ACCOUNTS = "https://oauth2.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ServiceAccount(SignIn):
    """Gives tokens for what is signed with the key of a service account."""

    now: datetime

    def sign_in(self, to: Target) -> HttpRequest:
        # Where the tool is elsewhere, so is what gives tokens.
        base = _ACCOUNTS if to.url == TERMS[ConnectorTool.GA4].url else to.url
        url, account = f"{base}/token", _account(to.credentials["serviceAccount"])
        claims = {"scope": _SCOPE, "aud": url, "iat": self.now, "exp": self.now + _LASTS}
        try:
            claims["iss"] = account["client_email"]
            said = jwt.encode(claims, account["private_key"], algorithm="RS256")
        except (KeyError, TypeError, ValueError, UnsupportedAlgorithm, jwt.PyJWTError):
            raise EffectRefused("sign_in_refused") from None
        return HttpRequest(
            url=url,
            body=urlencode({"grant_type": _GRANT, "assertion": said}).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )


class Ga4Rows(PulledTool):
    """A page is a part of the report of a day."""

    def account(self, now: datetime) -> SignIn:
        return ServiceAccount(now)

    def request(self, to: Target, query: PageQuery) -> HttpRequest:
        day = Day.read(query)
        dimensions, metrics = _asked_for(query)
        report = {
            "dateRanges": [{"startDate": str(day.at), "endDate": str(day.at)}],
            "dimensions": [{"name": name} for name in dimensions],
            "metrics": [{"name": name} for name in metrics],
            "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
            "limit": str(_PAGE),
            "offset": str(_offset(day)),
        }
        return json_request(f"{to.url}/v1beta/properties/{query.settings['propertyId']}:runReport", report)

    def page(self, query: PageQuery, said: Json) -> HttpPage:
        rows = listed(value_at(said, "rows") or [], most=_PAGE)
        day, count = Day.read(query), value_at(said, "rowCount")
        zone = value_at(said, "metadata.timeZone")
        items = [_item(query, day, zone, row) for row in rows]
        read = _offset(day) + len(rows)
        if rows and isinstance(count, int) and read < count:
            return HttpPage(items, str(Day(day.at, str(read))), over=False)
        following, over = day.following(query, query.now.date(), _LATE)
        return HttpPage(items, following, over=over)


def _offset(day: Day) -> int:
    """How many of its rows are read already."""
    return int(day.within or 0)


def _asked_for(query: PageQuery) -> tuple[list[str], list[str]]:
    """The names of dimensions and of metrics."""
    named = query.settings.get("dimensions", _DIMENSIONS), query.settings.get("metrics", _METRICS)
    dimensions, metrics = (each.split(",") for each in named)
    return dimensions, metrics


def _item(query: PageQuery, day: Day, zone: Json, row: Json) -> Json:
    """A row under its names; as it is where it is none, which is rejected as it has no id."""
    dimensions, metrics = _asked_for(query)
    said = [_values(value_at(row, "dimensionValues")), _values(value_at(row, "metricValues"))]
    if [len(each) for each in said] != [len(dimensions), len(metrics)]:
        return {"row": row}
    return {
        "id": json.dumps([query.settings["propertyId"], str(day.at), *said[0]]),
        "date": str(day.at),
        "time": _midnight(day, zone),
        "dimensions": dict(zip(dimensions, said[0], strict=True)),
        "metrics": {name: _number(value) for name, value in zip(metrics, said[1], strict=True)},
    }


def _values(said: Json) -> list[Json]:
    return [value_at(each, "value") for each in said] if isinstance(said, list) else []


def _number(text: Json) -> Json:
    """A figure as a number; as it is where it is none, or none that JSON has."""
    for kind in (int, float):
        with suppress(TypeError, ValueError, OverflowError):
            if math.isfinite(figure := kind(text)):
                return figure
    return text


def _midnight(day: Day, zone: Json) -> str:
    """When a day begins at the property."""
    begins = datetime.combine(day.at, datetime.min.time())
    try:
        return begins.replace(tzinfo=ZoneInfo(zone)).isoformat()
    except (TypeError, ValueError, OSError, KeyError):
        return begins.replace(tzinfo=UTC).isoformat()


def _account(text: str) -> dict[str, Json]:
    """The file of a service account, as it is or in base64. Raises EffectRefused for what is none."""
    try:
        said = json.loads(text if text.startswith("{") else base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        said = None
    if not isinstance(said, dict):
        raise EffectRefused("sign_in_refused")
    return said
