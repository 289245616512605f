"""Index mappings and documents, both from a row's annotations."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Generic, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from domain.kit.fields import marks
from domain.kit.text import key
from projections.kit.declare.row import R, Row
from projections.kit.declare.search import FullText, Keyed, SearchView
from projections.kit.declare.view import FullKey
from projections.kit.store.keys import part
from projections.kit.store.text_analysis import found_by

TENANT = "tenantId"
"""The field that every document has, and every query filters by."""

_TYPES: dict[type, str] = {
    str: "keyword",
    UUID: "keyword",
    bool: "boolean",
    int: "long",
    float: "double",
    Decimal: "double",
    datetime: "date",
    date: "date",
}

_MOST_KEY_FIELDS = 4
"""More could make an id longer than the 512 bytes that the server takes."""


def camel(name: str) -> str:
    """``due_date`` becomes ``dueDate``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def properties(row: type[Row]) -> dict[str, dict[str, Any]]:
    """The mapping's properties. Raises TypeError for a field that no rule covers."""
    hints = get_type_hints(row, include_extras=True)
    mapped = {camel(name): _property(row, name, hints[name]) for name in row.__struct_fields__}
    beside = {words_of(name): {"type": "text", "analyzer": "whitespace"} for name in text_fields(row)}
    beside |= {key_of(name): {"type": "keyword"} for name in keyed_fields(row)}
    if TENANT in mapped or mapped.keys() & beside.keys():
        raise TypeError(f"{row.__name__} has a field that the kit keeps.")
    return {**mapped, **beside, TENANT: {"type": "keyword"}}


def mapping(row: type[Row]) -> dict[str, Any]:
    """The whole mapping: a document with a field of another name is refused. What is there for searching alone
    is not kept with the document."""
    beside = [*map(words_of, text_fields(row)), *map(key_of, keyed_fields(row))]
    kept = {"_source": {"excludes": beside}} if beside else {}
    return {**kept, "dynamic": "strict", "properties": properties(row)}


def words_of(name: str) -> str:
    """The field with the words of a text."""
    return f"{camel(name)}Words"


def key_of(name: str) -> str:
    """The field with the keys of a keyed list."""
    return f"{camel(name)}Key"


def keyed_fields(row: type[Row]) -> list[str]:
    """The keyed lists by the row's own names, in order."""
    hints = get_type_hints(row, include_extras=True)
    return [
        name for name in row.__struct_fields__ if any(isinstance(mark, Keyed) for mark in marks(hints[name]))
    ]


def text_fields(row: type[Row]) -> dict[str, FullText]:
    """The full-text fields by the row's own names, in order."""
    hints = get_type_hints(row, include_extras=True)
    found = {name: _full_text(hints[name]) for name in row.__struct_fields__}
    return {name: text for name, text in found.items() if text is not None}


def left_out(row: type[Row]) -> list[str]:
    """The texts that hits come without: whoever shows them reads them from the view, as they are now."""
    return [camel(name) for name, text in text_fields(row).items() if not text.keyword]


# Type hints have no static type, hence Any.
def _full_text(hint: Any) -> FullText | None:
    return next((mark for mark in marks(hint) if isinstance(mark, FullText)), None)


def _property(row: type[Row], name: str, hint: Any) -> dict[str, Any]:
    plain = _plain(hint)
    if (text := _full_text(hint)) is not None and plain is str:
        field: dict[str, Any] = {"type": "text", "analyzer": "english"}
        return {**field, "fields": {"keyword": {"type": "keyword"}}} if text.keyword else field
    if isinstance(plain, type):
        if issubclass(plain, Enum):
            return {"type": "keyword"}
        if plain in _TYPES:
            return {"type": _TYPES[plain]}
    raise TypeError(f"No mapping for {row.__name__}.{name}: {hint}.")


def _plain(hint: Any) -> Any:
    """What a field holds one of: without annotations, None and list."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        return _plain(kinds[0]) if len(kinds) == 1 else hint
    if get_origin(hint) in (list, tuple, set, frozenset):
        held = {_plain(kind) for kind in get_args(hint) if kind is not Ellipsis}
        return held.pop() if len(held) == 1 else hint
    return hint


class DocumentMapping(Generic[R]):
    """Turns rows of a view into documents and back."""

    def __init__(self, view: SearchView[R]) -> None:
        if len(view.key) > _MOST_KEY_FIELDS:
            raise TypeError(f"{view.name} has more than {_MOST_KEY_FIELDS} key fields.")
        self.row = view.row
        self.mapping = mapping(view.row)
        self._names = {name: camel(name) for name in view.row.__struct_fields__}
        self._texts = {name: words_of(name) for name in text_fields(view.row)}
        self._keyed = {name: key_of(name) for name in keyed_fields(view.row)}

    def id(self, full: FullKey) -> str:
        """The document's id: tenant and key."""
        tenant_id, key = full
        return ":".join((str(tenant_id), *(part(value) for value in key)))

    def document(self, tenant_id: UUID, row: R) -> bytes:
        """The document as JSON."""
        values = {camelled: getattr(row, name) for name, camelled in self._names.items()}
        words = {field: " ".join(found_by(getattr(row, name) or "")) for name, field in self._texts.items()}
        keys = {field: sorted(set(map(key, getattr(row, name)))) for name, field in self._keyed.items()}
        return msgspec.json.encode({**values, **words, **keys, TENANT: tenant_id})

    # A document's values are whatever JSON holds.
    def read(self, source: Mapping[str, Any]) -> R:
        """The row in a document. Raises msgspec.ValidationError when it does not hold one."""
        values = {name: source[camelled] for name, camelled in self._names.items() if camelled in source}
        row: R = msgspec.convert(values, self.row)
        return row


class IndexNames:
    """The index of one generation of a search view, and its two aliases."""

    def __init__(self, view: SearchView[Any], *, generation: int, prefix: str) -> None:
        self.index = f"{prefix}-{view.name.replace('.', '-')}-v{view.version}-g{generation}".lower()
        self.write = f"{self.index}-write"
        """Made with the index; writing through it can never make an index by accident."""
        self.open = f"{self.index}-open"
        """For readers; there once the index has caught up with the log."""
