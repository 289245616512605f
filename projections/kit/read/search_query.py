"""What may be asked of a search view, and how it is said to OpenSearch. Pure."""

import base64
import binascii
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.languages import DEFAULT
from domain.kit.text import key
from projections.kit.declare.filters import EVERYTHING, All, Compare, Comparison, Filter, Not, Some, apart
from projections.kit.declare.search import SearchView
from projections.kit.store.index_mapping import (
    TENANT,
    camel,
    key_of,
    keyed_fields,
    left_out,
    properties,
    text_fields,
    words_of,
)
from projections.kit.store.text_analysis import Sought, TooManyWords, sought

LONGEST_TEXT = 1000
"""Characters of a query's text."""

MOST_HITS = 101
"""Hits of the largest page, and one that says whether there are more."""

COUNTED = 10_000
"""Totals are exact up to here."""

_MOST_VALUES = 1000

_VALUES = ("keyword", "boolean", "long", "date")
"""Types of fields that are compared with single values."""

_BUCKETS = 50
"""Values of a facet, the most frequent ones."""


class BadQuery(ValueError):
    """The query cannot be answered as it stands; the message says why, for the one who asked."""


class BadCursor(BadQuery):
    """The query goes on after a cursor that is none of its hits'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query of one tenant's documents. Fields go by the row's own names.

    ``text`` is plain text, all of whose words must be found, in whichever text field, or of ``texts`` where
    these are given; it has no syntax. Words are inflected as in ``language``.
    ``filter`` is what documents are to meet, dates to the millisecond; ``without`` leaves those out that have one
    of the values. ``facets`` are counted as if the filter said nothing of their own field alone, so that the other
    choices still show. ``sort``
    names a field (``-due_date`` for descending); without it the best matches come first.
    """

    text: str = ""
    language: str = DEFAULT
    filter: Filter = EVERYTHING
    without: Mapping[str, Sequence[object]] = field(default_factory=dict)
    texts: Sequence[str] | None = None
    facets: Sequence[str] = ()
    sort: str | None = None
    first: int = 20
    after: str | None = None
    """The cursor of a hit: go on behind it."""


def looked_for(query: Query) -> Sought:
    """What the query's text looks for. Raises BadQuery for a text that is too long."""
    if len(query.text) > LONGEST_TEXT:
        raise BadQuery(f"The text is longer than {LONGEST_TEXT} characters.")
    try:
        return sought(query.text, query.language)
    except TooManyWords:
        raise BadQuery("The text has too many words.") from None


class SearchBody:
    """Builds request bodies for one view. There is no body without a tenant."""

    def __init__(self, view: SearchView[Any], weights: Mapping[str, int] | None = None) -> None:
        self._types = {name: spec["type"] for name, spec in properties(view.row).items()}
        self._key = [camel(name) for name in view.key]
        self._left_out = left_out(view.row)
        texts = text_fields(view.row)
        # A text that people also sort by is a title: three times as telling as a body, unless told otherwise.
        default = {name: 3 if text.keyword else 1 for name, text in texts.items()}
        self._texts = {words_of(name): weight for name, weight in {**default, **(weights or {})}.items()}
        self._keyed = {camel(name): key_of(name) for name in keyed_fields(view.row)}
        self._sortable = {
            camel(name): f"{camel(name)}.keyword" for name, text in texts.items() if text.keyword
        }

    def body(self, tenant_id: UUID, query: Query, *, timeout_ms: int) -> dict[str, Any]:
        """The request's body. Raises BadQuery."""
        if not 0 <= query.first <= MOST_HITS:
            raise BadQuery(f"Ask for 0 to {MOST_HITS} hits.")
        sort = self._sort(query.sort)
        facets = [self._keyword(name) for name in query.facets]
        alone, others = apart(query.filter, query.facets)
        always = [] if others == EVERYTHING else [self._clause(others)]
        late = {camel(name): self._clause(part) for name, part in alone.items()}
        texts = self._texts
        if query.texts is not None:
            texts = {name: weight for name, weight in texts.items() if name in map(words_of, query.texts)}
        body: dict[str, Any] = {
            "size": query.first,
            "timeout": f"{timeout_ms}ms",
            "track_total_hits": COUNTED,
            "track_scores": True,
            "_source": {"excludes": self._left_out},
            "query": {
                "bool": {
                    "must": self._text(query, texts),
                    "filter": [{"term": {TENANT: str(tenant_id)}}, *always],
                    "must_not": [
                        {"terms": {camel(name): [_value(value) for value in values]}}
                        for name, values in query.without.items()
                    ],
                }
            },
            "post_filter": {"bool": {"filter": list(late.values())}},
            "sort": sort,
        }
        if facets:
            body["aggs"] = {name: _facet(self._keyed.get(name, name), name, late) for name in facets}
        if query.after is not None:
            body["search_after"] = read_cursor(query.after, query.sort, len(sort))
        return body

    def _text(self, query: Query, texts: Mapping[str, int]) -> list[dict[str, Any]]:
        if not query.text.strip():
            return [{"match_all": {}}]
        wanted = looked_for(query)
        if not wanted.needs or not texts:
            return [{"match_none": {}}]
        fields = [f"{name}^{weight}" for name, weight in texts.items()]

        def all_of(words: Sequence[str]) -> dict[str, Any]:
            # Takes no syntax at all; cross_fields, so that each word may be found in another field.
            spoken = {"query": " ".join(words), "type": "cross_fields", "operator": "and"}
            return {"multi_match": {**spoken, "fields": fields}}

        plain = [word for need in wanted.needs if len(need) == 1 for word in need[0]]
        either = [
            {"bool": {"should": [all_of(form) for form in need], "minimum_should_match": 1}}
            for need in wanted.needs
            if len(need) > 1
        ]
        return [*([all_of(plain)] if plain else []), *either]

    def _keyword(self, name: str, kinds: Sequence[str] = ("keyword", "boolean")) -> str:
        if self._types.get(camel(name)) not in kinds or camel(name) == TENANT:
            raise BadQuery(f"{name} cannot be filtered or counted by value.")
        return camel(name)

    def _terms(self, name: str, values: Sequence[object]) -> dict[str, Any]:
        if len(values) > _MOST_VALUES:
            raise BadQuery(f"Ask for at most {_MOST_VALUES} values of {name}.")
        own = self._keyword(name, _VALUES)
        if own in self._keyed:
            return {"terms": {self._keyed[own]: sorted({key(clean(str(value))) for value in values})}}
        return {"terms": {own: [_value(value) for value in values]}}

    def _clause(self, filter: Filter) -> dict[str, Any]:
        match filter:
            case Compare():
                return self._test(filter)
            case Not(part):
                return {"bool": {"must_not": [self._clause(part)]}}
            case All(parts):
                return {"bool": {"filter": [self._clause(part) for part in parts]}}
            case Some(()):
                return {"match_none": {}}
            case Some(parts):
                should = [self._clause(part) for part in parts]
                return {"bool": {"should": should, "minimum_should_match": 1}}

    def _test(self, test: Compare) -> dict[str, Any]:
        name, value = test.column.name, test.value
        match test.how:
            case Comparison.EQ:
                return self._terms(name, [value])
            case Comparison.IN:
                return self._terms(name, value)
            case Comparison.HOLDS:
                return {"bool": {"filter": [self._terms(name, [text]) for text in value]}}
            case Comparison.NULL:
                return {"bool": {"must_not": [{"exists": {"field": self._keyword(name, _VALUES)}}]}}
            case Comparison.LT | Comparison.LTE | Comparison.GT | Comparison.GTE as how:
                return self._range(name, how, value)
            case _:
                raise BadQuery(f"{name} cannot be looked into.")

    def _range(self, name: str, how: Comparison, value: object) -> dict[str, Any]:
        if self._types.get(camel(name)) not in ("date", "long", "double"):
            raise BadQuery(f"{name} has no range.")
        if isinstance(value, int) and not _sane(value):
            raise BadQuery(f"A bound of {name} is beyond 64 bits.")
        return {"range": {camel(name): {how.value: _value(value)}}}

    def _sort(self, by: str | None) -> list[dict[str, Any]]:
        key = [{name: {"order": "asc"}} for name in self._key]
        if by is None:
            return [{"_score": {"order": "desc"}}, *key]
        name = camel(by.removeprefix("-"))
        if name == TENANT or self._types.get(name) is None:
            raise BadQuery(f"{by.removeprefix('-')} is no field to sort by.")
        if self._types[name] == "text" and name not in self._sortable:
            raise BadQuery(f"{by.removeprefix('-')} is text and cannot be sorted by.")
        order = "desc" if by.startswith("-") else "asc"
        return [{self._sortable.get(name, name): {"order": order, "missing": "_last"}}, *key]


def clean(text: str) -> str:
    """Text without what no JSON parser takes and no reader sees: control characters and lone surrogates."""
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs") else character for character in text
    )


def write_cursor(values: Sequence[Any], sort: str | None) -> str:
    """A hit's sort values as an opaque cursor, good for this sort only."""
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, *values])).decode().rstrip("=")


def read_cursor(cursor: str, sort: str | None, length: int) -> list[str | int | float | None]:
    """The sort values in a cursor, so many, of this sort. Raises BadCursor when it is not one."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, *values = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=list[str | int | float | None]
        )
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise BadCursor("This is not a cursor of this search.") from None
    scored = sort is not None or (bool(values) and isinstance(values[0], int | float))
    whole = len(values) == length and None not in values[1:] and all(_sane(value) for value in values)
    if made_for != sort or not scored or not whole:
        raise BadCursor("This is not a cursor of this search.")
    return [clean(value) if isinstance(value, str) else value for value in values]


def _sane(value: str | int | float | None) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, float) or math.isfinite(value)


def _facet(field: str, name: str, late: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    others = [clause for other, clause in late.items() if other != name]
    return {
        "filter": {"bool": {"filter": others}},
        "aggs": {"values": {"terms": {"field": field, "size": _BUCKETS}}},
    }


def _value(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return clean(value)
    return value if isinstance(value, bool | int | float) else str(value)
