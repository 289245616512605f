"""Stable pseudonyms: what stands in a dump instead of what is confidential, personal or written by people."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from app.catalogue.inventory import held, product_events
from app.telemetry.redaction import redacted_value
from domain.kit.events import Event
from domain.kit.privacy.inventory import FieldFacts, field_facts
from domain.kit.sealed import fingerprint_of, is_sealed
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.sketches import UniqueCount
from projections.kit.declare.view import View
from projections.kit.store.derived_columns import derived
from projections.kit.store.index_mapping import camel


class Pseudonyms:
    """Replaces values; equal ones of equal names equally, within the life of the key."""

    def __init__(self, key: bytes | None = None) -> None:
        """A random ``key``, known to nobody, unless one is given."""
        self._key = key or secrets.token_bytes(32)

    def unique_count(self, value: dict[str, list[int]]) -> dict[str, Any]:
        """A `UniqueCount` of as many: who guesses a value could look for its hash among them."""
        hashed = (
            hmac.digest(self._key, f"{each}".encode(), "sha256")[:8] for each in value.get("hashes", ())
        )
        return {**value, "hashes": sorted(map(int.from_bytes, hashed))}

    # Values are whatever JSON holds, hence Any.
    def of(self, name: str, value: Any, *, kinds: frozenset[type] = frozenset()) -> Any:
        """A value that looks like the former one: an address for an address, a text for a text, at every depth.

        What is empty stays empty, so that a copy shows the same cases as the original. The names of an object's
        members are replaced as well, since who wrote the object named them. ``kinds`` are the types of which one
        is written as this text, as a Decimal is; its pseudonym can be read as one too.
        """
        if value is None or value == "" or isinstance(value, bool):
            return value
        if isinstance(value, list):
            return [self.of(name, item, kinds=kinds) for item in value]
        if isinstance(value, dict):
            return {f"member-{self._code('member', key)}": self.of(name, item) for key, item in value.items()}
        if isinstance(value, int | float):
            return type(value)(0)
        for kind in kinds if str not in kinds else ():
            if (written := self._written(kind, value)) is not None:
                return written
        if isinstance(value, str) and is_sealed(value):
            # Not opened: equal texts are known by the fingerprint, where they carry one.
            value = fingerprint_of(value) or value
        if "email" in name:
            return f"{self._code(name, value)}@example.invalid".lower()
        return f"{name}-{self._code(name, value)}"

    def _written(self, kind: type, value: object) -> str | None:
        """What stands for a value of this type; None of a type that has no text of its own."""
        if kind is Decimal:
            return "0"
        if kind is UUID:
            return str(UUID(bytes=hmac.digest(self._key, f"{value}".encode(), "sha256")[:16]))
        if kind is datetime:
            return "2000-01-01T00:00:00Z"
        if kind is date:
            return "2000-01-01"
        return str(next(iter(kind)).value) if issubclass(kind, Enum) else None

    def _code(self, name: str, value: object) -> str:
        digest = hmac.digest(self._key, f"{name}\0{value}".encode(), "sha256")
        return base64.b32encode(digest[:10]).decode().lower()


@dataclass(frozen=True, slots=True)
class _Hidden:
    """A field that is replaced: what its pseudonyms are called, and the types that it holds."""

    name: str
    kinds: frozenset[type]


class EventMask:
    """Masks payloads by what the events declare; one of an unknown type is masked whole."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._hidden = {name: _hidden(event) for name, event in product_events().items()}
        self._inside = {
            name: {fact.name: _members(fact) for fact in field_facts(event)}
            for name, event in product_events().items()
        }
        self._known = {
            name: {fact.name for fact in field_facts(event)} for name, event in product_events().items()
        }

    def payload(self, type_name: str, payload: str | bytes) -> dict[str, Any]:
        """The payload, fit for a dump."""
        decoded: dict[str, Any] = msgspec.json.decode(payload)
        hidden, known = self._hidden.get(type_name, {}), self._known.get(type_name, set())
        inside = self._inside.get(type_name, {})
        # Older versions had members that today's class does not declare; nobody can say what they are.
        return {
            name: clean(self._pseudonyms, name, value, inside.get(name))
            if name in known and name not in hidden
            else _replaced(self._pseudonyms, name, value, hidden)
            for name, value in decoded.items()
        }


class RowMask:
    """Masks the rows of one view, by column."""

    def __init__(self, view: type[View[Any]], pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        hints = get_type_hints(view.row)
        self._hidden = {
            field.own.name: _Hidden(_kind_name(field.own.name, ""), _kinds(hints[field.own.name]))
            for field in held(view)
            if field.masked
        }
        # Subclasses of `View` have no common parameter, hence the test.
        self._derived = (
            {column.name: column for column in derived(view)} if issubclass(view, PostgresView) else {}
        )
        self._columns = set(hints) | {"tenant_id", "position"}
        self._unique = {name for name, hint in hints.items() if hint is UniqueCount}
        self._members = _hidden_members()

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row, fit for a dump."""
        masked = {name: self._value(name, value) for name, value in row.items() if name not in self._derived}
        # What a masked text is found and sorted by follows from the masked text.
        said = SimpleNamespace(**masked)
        return {**masked, **{name: column.of(said) for name, column in self._derived.items() if name in row}}

    def _value(self, name: str, value: Any) -> Any:
        if name in self._unique:
            return self._pseudonyms.unique_count(value)
        if name in self._columns and name not in self._hidden:
            return clean(self._pseudonyms, name, value, self._members)
        return _replaced(self._pseudonyms, name, value, self._hidden)


def clean(pseudonyms: Pseudonyms, name: str, value: Any, members: Mapping[str, _Hidden] | None = None) -> Any:
    """A value that is neither personal nor confidential, without sealed texts and secrets that crept into it.

    ``members`` of objects in it that are replaced whatever they hold.
    """
    if isinstance(value, str):
        return pseudonyms.of(name, value) if is_sealed(value) else redacted_value(value)
    if isinstance(value, list):
        return [clean(pseudonyms, name, item, members) for item in value]
    if isinstance(value, dict):
        return {
            key: _replaced(pseudonyms, key, member, members)
            if members and key in members
            else clean(pseudonyms, key, member, members)
            for key, member in value.items()
        }
    return value


def _replaced(pseudonyms: Pseudonyms, name: str, value: Any, hidden: Mapping[str, _Hidden]) -> Any:
    found = hidden.get(name)
    return pseudonyms.of(found.name, value, kinds=found.kinds) if found else pseudonyms.of(name, value)


def _hidden(event: type[Event]) -> dict[str, _Hidden]:
    """The fields of an event that are hidden."""
    hints = get_type_hints(event)
    return {
        fact.name: _Hidden(_kind_name(fact.name, fact.searchable), _kinds(hints[fact.name]))
        for fact in field_facts(event)
        if fact.masked
    }


def _members(fact: FieldFacts) -> dict[str, _Hidden]:
    """The members of objects in a field that are hidden."""
    return {name: _Hidden(name, frozenset({str})) for name in fact.masked_inside}


def _hidden_members() -> dict[str, _Hidden]:
    """All event fields that are hidden, in both spellings of their names: a view may quote events as JSON."""
    hidden = {name: field for event in product_events().values() for name, field in _hidden(event).items()}
    return {**hidden, **{camel(name): field for name, field in hidden.items()}}


def _kinds(hint: Any) -> frozenset[type]:
    """The types of which a field holds one, or its lists hold some."""
    inner = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
    own = [hint] if isinstance(hint, type) and get_origin(hint) is None else []
    return frozenset(own).union(*map(_kinds, inner))


def _kind_name(name: str, searchable: str) -> str:
    # The same address gets the same pseudonym wherever it stands, for it is searched under one name.
    return searchable.rpartition(".")[2] or name
