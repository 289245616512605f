"""Stable pseudonyms: what stands in a dump instead of what is confidential, personal or written by people."""

import base64
import hmac
import secrets
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any, get_type_hints

import msgspec

from app.catalogue.inventory import held, product_events
from app.telemetry.redaction import redacted_value
from domain.kit.privacy.inventory import field_facts
from domain.kit.sealed import fingerprint_of, is_sealed
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.store.derived_columns import derived
from projections.kit.store.index_mapping import camel


class Pseudonyms:
    """Replaces values; equal ones of equal names equally, within the life of the key."""

    def __init__(self, key: bytes | None = None) -> None:
        """A random ``key``, known to nobody, unless one is given."""
        self._key = key or secrets.token_bytes(32)

    # Values are whatever JSON holds, hence Any.
    def of(self, name: str, value: Any) -> Any:
        """A value that looks like the former one: an address for an address, a text for a text, at every depth.

        What is empty stays empty, so that a copy shows the same cases as the original.
        """
        if value is None or value == "" or isinstance(value, bool):
            return value
        if isinstance(value, list):
            return [self.of(name, item) for item in value]
        if isinstance(value, dict):
            return {key: self.of(key, item) for key, item in value.items()}
        if isinstance(value, int | float):
            return 0
        if isinstance(value, str) and is_sealed(value):
            # Not opened: equal texts are known by the fingerprint, where they carry one.
            value = fingerprint_of(value) or value
        if "email" in name:
            return f"{self._code(name, value)}@example.invalid".lower()
        return f"{name}-{self._code(name, value)}"

    def _code(self, name: str, value: object) -> str:
        digest = hmac.digest(self._key, f"{name}\0{value}".encode(), "sha256")
        return base64.b32encode(digest[:10]).decode().lower()


class EventMask:
    """Masks payloads by what the events declare; one of an unknown type is masked whole."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._hidden = {
            name: {
                fact.name: _kind_name(fact.name, fact.searchable)
                for fact in field_facts(event)
                if fact.masked
            }
            for name, event in product_events().items()
        }
        self._known = {
            name: {fact.name for fact in field_facts(event)} for name, event in product_events().items()
        }

    def payload(self, type_name: str, payload: str | bytes) -> dict[str, Any]:
        """The payload, fit for a dump."""
        decoded: dict[str, Any] = msgspec.json.decode(payload)
        hidden, known = self._hidden.get(type_name, {}), self._known.get(type_name, set())
        # Older versions had members that today's class does not declare; nobody can say what they are.
        return {
            name: self._pseudonyms.of(hidden.get(name, name), value)
            if name in hidden or name not in known
            else clean(self._pseudonyms, name, value)
            for name, value in decoded.items()
        }


class RowMask:
    """Masks the rows of one view, by column."""

    def __init__(self, view: type[View[Any]], pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._hidden = {
            field.own.name: _kind_name(field.own.name, "") for field in held(view) if field.masked
        }
        # Subclasses of `View` have no common parameter, hence the test.
        self._derived = (
            {column.name: column for column in derived(view)} if issubclass(view, PostgresView) else {}
        )
        self._columns = set(get_type_hints(view.row)) | {"tenant_id", "position"}
        self._members = _hidden_members()

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row, fit for a dump."""
        masked = {
            name: self._pseudonyms.of(self._hidden.get(name, name), value)
            if name in self._hidden or name not in self._columns
            else clean(self._pseudonyms, name, value, self._members)
            for name, value in row.items()
            if name not in self._derived
        }
        # What a masked text is found and sorted by follows from the masked text.
        said = SimpleNamespace(**masked)
        return {**masked, **{name: column.of(said) for name, column in self._derived.items() if name in row}}


def clean(pseudonyms: Pseudonyms, name: str, value: Any, members: Collection[str] = ()) -> Any:
    """A value that is neither personal nor confidential, without sealed texts and secrets that crept into it.

    ``members`` of objects in it that are replaced whatever they hold.
    """
    if isinstance(value, str):
        return pseudonyms.of(name, value) if is_sealed(value) else redacted_value(value)
    if isinstance(value, list):
        return [clean(pseudonyms, name, item, members) for item in value]
    if isinstance(value, dict):
        return {
            key: pseudonyms.of(key, member) if key in members else clean(pseudonyms, key, member, members)
            for key, member in value.items()
        }
    return value


def _hidden_members() -> set[str]:
    """The names, in both spellings, of all event fields that are hidden: a view may quote events as JSON."""
    names = {fact.name for event in product_events().values() for fact in field_facts(event) if fact.masked}
    return names | {camel(name) for name in names}


def _kind_name(name: str, searchable: str) -> str:
    # The same address gets the same pseudonym wherever it stands, for it is searched under one name.
    return searchable.rpartition(".")[2] or name
