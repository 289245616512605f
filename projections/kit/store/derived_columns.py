"""Columns that are worked out from a row as it is written, for searching and sorting; no row ever holds them.

They hold nothing that the row does not say, and are compared by bytes, so that every server answers alike,
whatever its collations.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Any, get_type_hints

import msgspec
from pyuca import Collator
from pyuca.collator import BaseCollator

from domain.kit.text import key
from projections.kit.declare.postgres import WORDS, PostgresView, key_of, order_of, rank_of
from projections.kit.store.text_analysis import found_by

WEIGHTS = "ABCD"
"""The words of a view's texts, as a text search vector; each text's words have a weight of their own."""
_LONGEST = 255
"""Characters of a name that it sorts by."""
EMPTY = {"TSVECTOR": "''", "BYTEA": "''", "TEXT[]": "'{}'", "SMALLINT": "0"}


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived column: its SQL type, and its value for a row (rows differ in type) as `json` takes it."""

    name: str
    kind: str
    of: Callable[[Any], object]

    def binary(self, row: Any) -> object:
        """The value as COPY takes it."""
        value = self.of(row)
        return bytes.fromhex(str(value)[2:]) if self.kind == "BYTEA" else value


_known: dict[type[PostgresView[Any]], tuple[Derived, ...]] = {}


def derived(view: type[PostgresView[Any]]) -> tuple[Derived, ...]:
    """The derived columns of a view."""
    if view not in _known:
        _known[view] = tuple(_derived(view))
    return _known[view]


def _derived(view: type[PostgresView[Any]]) -> Iterator[Derived]:
    words = (Derived(WORDS, "TSVECTOR", _vector_of(view.words)),) if view.words else ()
    keys = (Derived(key_of(name), "TEXT[]", _keys_of(name)) for name in view.keyed)
    orders = (Derived(order_of(name), "BYTEA", _order_of(texts)) for name, texts in view.collated.items())
    hints = get_type_hints(view.row)
    ranks = (Derived(rank_of(name), "SMALLINT", _rank_of(name, hints[name])) for name in view.ranked)
    yield from (*words, *keys, *orders, *ranks)


def json_of(columns: Sequence[Derived], rows: Iterable[Any]) -> str:
    """Rows as a JSON array, with these derived columns."""
    if not columns:
        return msgspec.json.encode(list(rows)).decode()
    encode = msgspec.json.encode
    texts = (
        encode(row)[:-1] + b"," + encode({column.name: column.of(row) for column in columns})[1:]
        for row in rows
    )
    return (b"[" + b",".join(texts) + b"]").decode()


def vector(texts: Sequence[str]) -> str:
    """Texts as the text form of a text search vector, the most telling one first."""
    places: dict[str, list[str]] = {}
    for number, text in enumerate(texts):
        for word in found_by(text):
            places.setdefault(word, []).append(f"{number + 1}{WEIGHTS[number]}")
    # Words hold letters, digits, marks and pictures, so nothing in them is syntax.
    return " ".join(f"'{word}':{','.join(places)}" for word, places in places.items())


def _vector_of(names: tuple[str, ...]) -> Callable[[Any], object]:
    return lambda row: vector([getattr(row, name) or "" for name in names])


def _keys_of(name: str) -> Callable[[Any], object]:
    return lambda row: list(dict.fromkeys(map(key, getattr(row, name))))


def _order_of(names: tuple[str, ...]) -> Callable[[Any], object]:
    # Nothing is weighed so little as the end of a text, so that the next one decides only between equal ones.
    end = b"\0\0\0\0"
    return lambda row: "\\x" + end.join(sort_key(getattr(row, name)) for name in names).hex()


def _rank_of(name: str, kind: type[Enum]) -> Callable[[Any], object]:
    ranks = {member.value: number for number, member in enumerate(kind)}
    # In a dump it is the plain value.
    return lambda row: ranks[getattr(row, name)]


def sort_key(text: str) -> bytes:
    """Bytes that sort as people expect names to: in the order of the Unicode Collation Algorithm's root table.

    Accents and case decide only between names that are otherwise the same. Postgres without ICU, such as the
    embedded one, knows no such order itself.
    """
    return _sort_key(text[:_LONGEST].strip())


# Keys have some hundred bytes as a rule, and 27 kB at the most.
@lru_cache(maxsize=2_000)
def _sort_key(text: str) -> bytes:
    # Weights have 16 bits; zeros stand between the levels, and nothing is weighed zero.
    weights = _collator().sort_key(text)
    return b"".join(min(weight, 0xFFFF).to_bytes(2, "big") for weight in weights)


@cache
def _collator() -> BaseCollator:
    """Read when it is first needed: that takes a moment."""
    return Collator()
