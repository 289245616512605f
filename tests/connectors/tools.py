"""Tools that are pulled from: servers that speak the documented protocols, and fail in the documented ways."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from domain.processes.webhooks.tools.protocol import basic
from tests.outgoing.servers import Received
from tests.webhooks.tools import Answer

# JSON of any shape.
Json = dict[str, Any]


class Tool:
    """A tool with items."""

    good = "Bearer right"
    denied: Answer = (401, {"status": "error", "category": "INVALID_AUTHENTICATION"})

    def __init__(self) -> None:
        self.faults: dict[int, Answer] = {}
        """How it answers the nth page that is asked for, once."""
        self.edits: dict[int, Callable[[], None]] = {}
        """What happens before the nth page."""
        self.asked = 0
        """How many pages were asked for."""

    def __call__(self, received: Received) -> Answer:
        if received.headers.get("authorization") != self.good:
            return self.denied
        self.asked += 1
        if self.asked in self.edits:
            self.edits[self.asked]()
        return self.faults[self.asked] if self.asked in self.faults else self.page(received)

    def page(self, received: Received) -> Answer:
        """What is asked for."""
        raise NotImplementedError


class HubSpot(Tool):
    """Contacts by search, few on a page."""

    on_page = 3

    def __init__(self, *contacts: Json) -> None:
        super().__init__()
        self.contacts = list(contacts)

    def page(self, received: Received) -> Answer:
        assert received.target == "/crm/v3/objects/contacts/search"
        search = json.loads(received.body)
        assert search["limit"] <= 200
        [sort] = search["sorts"]
        [group] = search["filterGroups"] or [{"filters": []}]
        found = [each for each in self.contacts if all(_holds(each, term) for term in group["filters"])]
        found.sort(key=lambda each: _value(each, sort["propertyName"]))
        start = int(search.get("after", 0))
        assert start + self.on_page <= 10_000
        more = {"paging": {"next": {"after": str(start + self.on_page)}}}
        page = found[start : start + self.on_page]
        over = start + self.on_page >= len(found)
        return 200, {"total": len(found), "results": page, **({} if over else more)}


class Salesforce(Tool):
    """Contacts by SOQL, for tokens that end."""

    on_page = 3
    denied: Answer = (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
    _SOQL = re.compile(
        r"SELECT (?P<fields>[A-Za-z,]+) FROM Contact"
        r"( WHERE SystemModstamp >= (?P<since>\S+)"
        r"| WHERE SystemModstamp > (?P<at>\S+) OR \(SystemModstamp = \S+ AND Id > '(?P<id>\w+)'\))?"
        r" ORDER BY SystemModstamp, Id LIMIT [0-9]+"
    )

    def __init__(self, *contacts: Json) -> None:
        super().__init__()
        self.contacts = list(contacts)
        self.given = 0
        self.good = ""

    def __call__(self, received: Received) -> Answer:
        if received.target != "/services/oauth2/token":
            return super().__call__(received)
        said = parse_qs(received.body.decode())
        if said["grant_type"] != ["client_credentials"] or said["client_secret"] != ["right"]:
            return 400, {"error": "invalid_client", "error_description": "invalid client credentials"}
        self.given += 1
        self.good = f"Bearer token{self.given}"
        return 200, {"access_token": f"token{self.given}", "token_type": "Bearer"}

    def page(self, received: Received) -> Answer:
        assert received.target.startswith("/services/data/v62.0/query?")
        [query] = parse_qs(urlsplit(received.target).query)["q"]
        asked = self._SOQL.fullmatch(query)
        if asked is None:
            return 400, [{"errorCode": "MALFORMED_QUERY", "message": query}]
        since, at = (moment(asked[name]) if asked[name] else None for name in ("since", "at"))
        found = sorted(self.contacts, key=_order)
        if since is not None:
            found = [each for each in found if _order(each)[0] >= since]
        if at is not None:
            found = [each for each in found if _order(each) > (at, asked["id"])]
        fields = ["attributes", *asked["fields"].split(",")]
        records = [{name: each[name] for name in fields if name in each} for each in found[: self.on_page]]
        more = {"nextRecordsUrl": "/services/data/v62.0/query/0r8-3"} if len(found) > len(records) else {}
        return 200, {"totalSize": len(found), "done": not more, "records": records, **more}


def salesforce_contact(id: int, at: str, name: str = "Zoe") -> Json:
    """A contact, as Salesforce has it."""
    url = f"/services/data/v62.0/sobjects/Contact/003{id:03}"
    said = {"Id": f"003{id:03}", "SystemModstamp": f"2026-01-01T{at}.000+0000", "LastName": name}
    return {"attributes": {"type": "Contact", "url": url}, **said}


def _order(contact: Json) -> tuple[datetime, str]:
    return moment(contact["SystemModstamp"]), contact.get("Id", "")


def moment(text: str) -> datetime:
    """A time."""
    return datetime.fromisoformat(text)


class Mixpanel(Tool):
    """The raw export of events, in another order each time, of which none of tomorrow is given."""

    good = basic("robot", "right")
    denied: Answer = (401, {"error": "Unauthorized", "status": "error"})

    def __init__(self, today: str, **days: list[Json]) -> None:
        super().__init__()
        self.today, self.days = today, days
        self.order = Random(1)
        self.days_asked: list[str] = []

    def page(self, received: Received) -> Answer:
        said = {name: value for name, [value] in parse_qs(urlsplit(received.target).query).items()}
        assert received.target.startswith("/api/2.0/export?")
        assert said["project_id"] == "7"
        assert said["from_date"] == said["to_date"]
        if said["to_date"] > self.today:
            return 400, {"error": "to_date cannot be later than today"}
        self.days_asked.append(said["from_date"])
        events = self.days.get(said["from_date"], [])
        lines = (json.dumps(each) + "\n" for each in self.order.sample(events, len(events)))
        return 200, "".join(lines).encode()


def mixpanel_event(id: str, time: int, who: str = "zoe", **properties: str) -> Json:
    """An event, as Mixpanel has it."""
    said = {"time": time, "distinct_id": who, "$insert_id": id, **properties}
    return {"event": "Signed up", "properties": said}


class Ga4(Tool):
    """Reports of days, for tokens that are given for what a service account has signed."""

    denied: Answer = (401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})

    def __init__(self, key: RSAPublicKey, **figures: dict[str, int]) -> None:
        super().__init__()
        self.key, self.figures = key, figures
        self.given, self.good = 0, ""
        self.signed_at = datetime.min.replace(tzinfo=UTC)
        self.days_asked: list[str] = []

    def __call__(self, received: Received) -> Answer:
        if received.target != "/token":
            return super().__call__(received)
        said = parse_qs(received.body.decode())
        assert said["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        audience = f"http://{received.headers['host']}/token"
        try:
            # When it was signed is asked below.
            claims = jwt.decode(
                said["assertion"][0],
                self.key,
                algorithms=["RS256"],
                audience=audience,
                options={"verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        assert claims["scope"] == "https://www.googleapis.com/auth/analytics.readonly"
        self.signed_at = datetime.fromtimestamp(claims["iat"], UTC)
        self.given += 1
        self.good = f"Bearer token{self.given}"
        return 200, {"access_token": f"token{self.given}", "token_type": "Bearer", "expires_in": 3599}

    def page(self, received: Received) -> Answer:
        assert received.target == "/v1beta/properties/42:runReport"
        asked = json.loads(received.body)
        [days] = asked["dateRanges"]
        assert days["startDate"] == days["endDate"]
        self.days_asked.append(days["startDate"])
        figures = sorted(self.figures.get(days["startDate"], {}).items())
        start = int(asked["offset"])
        rows = [
            {"dimensionValues": [{"value": name}], "metricValues": [{"value": str(figure)}]}
            for name, figure in figures[start : start + 2]
        ]
        said = {"rowCount": len(figures), "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Prague"}}
        return 200, {**said, **({"rows": rows} if rows else {}), "kind": "analyticsData#runReport"}


def hubspot_contact(id: int, at: str, **properties: str) -> Json:
    """A contact, as HubSpot has it."""
    changed = f"2026-01-01T{at}Z"
    said = {"email": f"{id}@example.com", "hs_object_id": str(id), "lastmodifieddate": changed, **properties}
    return {"id": str(id), "properties": said, "createdAt": changed, "updatedAt": changed, "archived": False}


def _value(contact: Json, name: str) -> Any:
    value = contact["properties"][name]
    return int(value) if name == "hs_object_id" else value


def _holds(contact: Json, term: Json) -> bool:
    value, wanted = _value(contact, term["propertyName"]), int(term["value"])
    if isinstance(value, str):
        value = round(datetime.fromisoformat(value).timestamp() * 1000)
    return bool({"EQ": value == wanted, "GTE": value >= wanted, "GT": value > wanted}[term["operator"]])
