"""Salesforce's contacts by SOQL, in the order of their changes.

Each page is a query of its own, from the last change on: the address of further records that an answer names ends
after a while, and a cursor of ours does not.
"""

from datetime import datetime
from urllib.parse import urlencode

from app.gateway.pulls.http_pages import HttpPage, Json, as_text, listed
from app.gateway.pulls.tools.pulled_tool import ChangePlace, PageQuery, PulledTool, next_pull_at, times_of
from domain.gateway.bodies import value_at
from domain.kit.process.effects import EffectRefused
from domain.kit.process.http_client import HttpAnswer, HttpRequest
from domain.processes.webhooks.tools.protocol import Target, decoded, json_request
from domain.processes.webhooks.tools.salesforce import DATA, LATER, Salesforce
from domain.processes.webhooks.tools.tokens import SignIn

_CHANGED = "SystemModstamp"
_USUAL = "Email,FirstName,LastName"
_PAGE = 500
_SALESFORCE = Salesforce()


class SalesforceContacts(PulledTool):
    """A page is a query."""

    def account(self, now: datetime) -> SignIn:
        return _SALESFORCE

    def request(self, to: Target, query: PageQuery) -> HttpRequest:
        place = ChangePlace.read(query)
        fields = dict.fromkeys(("Id", _CHANGED, *query.settings.get("fields", _USUAL).split(",")))
        where = "" if place is None else f" WHERE {_behind(place)}"
        soql = f"SELECT {','.join(fields)} FROM Contact{where} ORDER BY {_CHANGED}, Id LIMIT {_PAGE}"
        return json_request(f"{to.url}{DATA}/query?{urlencode({'q': soql})}", None, method="GET")

    def page(self, query: PageQuery, said: Json) -> HttpPage:
        items = listed(value_at(said, "records"), most=_PAGE)
        for item in items:
            if isinstance(item, dict):
                # It names the version of the API.
                item.pop("attributes", None)
        times = times_of(items, _CHANGED)
        if len(items) < _PAGE and value_at(said, "done") is not False:
            return HttpPage(items, next_pull_at(times, query), over=True)
        id = as_text(value_at(items[-1], "Id")) if items else None
        if not times or id is None or not id.isalnum():
            raise EffectRefused("no_cursor")
        return HttpPage(items, str(ChangePlace(times[-1], id)), over=False)

    def is_late(self, answer: HttpAnswer) -> bool:
        said = decoded(answer) if answer.status == 403 else None
        errors = said if isinstance(said, list) else []
        return any(value_at(error, "errorCode") in LATER for error in errors)


def _behind(place: ChangePlace) -> str:
    if not place.id:
        return f"{_CHANGED} >= {place.text}"
    return f"{_CHANGED} > {place.text} OR ({_CHANGED} = {place.text} AND Id > '{place.id}')"
