"""HubSpot's contacts by its search, in the order of their changes.

A search has 10,000 results at the most, and pages of it shift when a contact changes meanwhile. So each page is a
search of its own, from the last time on, and within one time by ids: a search takes one order alone.
"""

from datetime import timedelta

from app.gateway.pulls.http_pages import HttpPage, Json, as_text, listed
from app.gateway.pulls.tools.pulled_tool import ChangePlace, PageQuery, PulledTool, next_pull_at, times_of
from domain.gateway.bodies import value_at
from domain.kit.process.effects import EffectRefused
from domain.kit.process.http_client import HttpRequest
from domain.processes.webhooks.tools.hubspot import CONTACTS, bearer
from domain.processes.webhooks.tools.protocol import Target, json_request

_CHANGED = "lastmodifieddate"
_USUAL = "email,firstname,lastname"
_PAGE = 100


class HubSpotContacts(PulledTool):
    """A page is a search."""

    def request(self, to: Target, query: PageQuery) -> HttpRequest:
        place = ChangePlace.read(query)
        within = place is not None and bool(place.id)
        filters: list[Json] = []
        if place is not None:
            filters.append(_filter(_CHANGED, "EQ" if within else "GTE", _milliseconds(place)))
        if place is not None and within:
            filters.append(_filter("hs_object_id", "GT", place.id))
        search = {
            "filterGroups": [{"filters": filters}] if filters else [],
            "sorts": [{"propertyName": "hs_object_id" if within else _CHANGED, "direction": "ASCENDING"}],
            "properties": [_CHANGED, *query.settings.get("properties", _USUAL).split(",")],
            "limit": _PAGE,
        }
        return json_request(f"{to.url}{CONTACTS}/search", search, authorization=bearer(to))

    def page(self, query: PageQuery, said: Json) -> HttpPage:
        items = listed(value_at(said, "results"), most=_PAGE)
        place, more = ChangePlace.read(query), value_at(said, "paging.next") is not None and bool(items)
        if place is not None and place.id:
            ids = [id for item in items if (id := as_text(value_at(item, "id"))) is not None]
            if more and not ids:
                raise EffectRefused("no_cursor")
            # Those of one time; after the last of them what changed later.
            behind = (
                ChangePlace(place.at, ids[-1]) if more else ChangePlace(place.at + timedelta(milliseconds=1))
            )
            return HttpPage(items, str(behind), over=False)
        times = times_of(items, f"properties.{_CHANGED}")
        if not more:
            return HttpPage(items, next_pull_at(times, query), over=True)
        if not times:
            raise EffectRefused("no_cursor")
        # A page of one time would be the next one again.
        return HttpPage(items, str(ChangePlace(times[-1], "0" if times[0] == times[-1] else "")), over=False)


def _milliseconds(place: ChangePlace) -> str:
    return str(round(place.at.timestamp() * 1000))


def _filter(name: str, operator: str, value: str) -> Json:
    return {"propertyName": name, "operator": operator, "value": value}
