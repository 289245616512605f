"""What to put into inputs: values that commands accept, with a tenant's word in all texts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    is_required_argument,
    is_required_input_field,
)

from tests.campaigns.mails import MJML
from tests.tenancy.surface import Root

NOW = datetime.now(UTC)
PREFERRED = ("MEMBER", "IN_PROGRESS", "PRIVATE", "TASK")
"""Values of enumerations that are tried before the others."""


def texts(name: str, word: str) -> str:
    """A text for a field of this name, with the word where its form has room for one."""
    match name:
        case "body":
            return MJML.replace("Hello", word)
        case "key":
            return f"key_{uuid4().hex[:12]}"
        case "email":
            return f"{word}.{uuid4().hex[:12]}@example.com"
        case "slug" | "tenantSlug":
            return f"{word}-{uuid4().hex[:8]}"
        case "avatarUrl" | "url":
            return f"https://{word}.example.com/face.png"
        case "eventType":
            return f"{word}.happened"
        case "permissions":
            return "work:read"
        case "currency":
            return "EUR"
        case "timezone" | "zone":
            return "Europe/Berlin"
        case "language":
            return "en"
        case "password":
            return f"{word} battery staple horse"
        case "purpose":
            return f"{word}.mail"
        case _:
            return word


class Values:
    """Arguments for a root field, the n-th try of them: each try takes other ids and other enumerated values."""

    def __init__(self, word: str, ids: Callable[[str], Sequence[str]], attempt: int = 0) -> None:
        """``ids``: those that a field of this name may mean, the likeliest first."""
        self._word, self._ids, self._attempt = word, ids, attempt

    def arguments(self, root: Root, *, all: bool = False) -> dict[str, Any]:
        """The arguments that have to be given, or ``all`` that stand inside an input."""
        return {
            name: self._value(name, argument.type, all)
            for name, argument in root.field.args.items()
            if is_required_argument(argument)
        }

    def _value(self, name: str, kind: Any, all: bool) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._value(name, kind.of_type, all)
        if name == "events" and isinstance(kind, GraphQLList):
            return [self._event(), {"note": self._word}]
        if name == "columns" and isinstance(kind, GraphQLList):
            return [{"member": member, "column": self._word} for member in ("CAMPAIGN", "DATE", "SPEND")]
        if isinstance(kind, GraphQLList):
            return [self._value(name, kind.of_type, all)]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                inner: self._value(inner, field.type, all)
                for inner, field in kind.fields.items()
                if is_required_input_field(field) or (all and inner not in ("id", "otherOwnerId"))
            }
        if isinstance(kind, GraphQLEnumType):
            names = sorted(kind.values, key=lambda value: value not in PREFERRED)
            return names[self._attempt % len(names)]
        return self._scalar(name, kind.name)

    def _scalar(self, name: str, kind: str) -> Any:
        match kind:
            case "ID":
                ids = self._ids(name)
                return ids[self._attempt % len(ids)]
            case "DateTime":
                days = 0 if name.endswith("Start") else 40
                return (NOW + timedelta(days=days)).isoformat()
            case "Boolean":
                return True
            case "Int" | "Float":
                return 1
            case "Decimal":
                return "12.50"
            case "JSON" if name == "schema":
                return {"type": "object", "description": self._word}
            case "JSON":
                return {"note": self._word}
            case "Position":
                return "0"
            case "Date":
                return NOW.date().isoformat()
            case _:
                return texts(name, self._word)

    def _event(self) -> dict[str, Any]:
        """An event of an outside system that is accepted."""
        return {
            "eventId": str(uuid4()),
            "eventType": texts("eventType", self._word),
            "timestamp": NOW.isoformat(),
            "correlationId": self._word,
            "userId": self._word,
            "data": {"payload": {"note": self._word}},
        }


def ids_in(answer: object) -> Iterator[tuple[str, str]]:
    """Every thing in an answer that says its type and id, the outer ones first."""
    pending = [answer]
    while pending:
        item = pending.pop(0)
        if isinstance(item, Mapping):
            if isinstance(item.get("id"), str) and "__typename" in item:
                yield item["__typename"], item["id"]
            pending += item.values()
        elif isinstance(item, list):
            pending += item


def cursors_in(answer: object) -> Iterator[str]:
    """Every cursor in an answer."""
    pending = [answer]
    while pending:
        item = pending.pop(0)
        if isinstance(item, Mapping):
            yield from (item[name] for name in ("cursor", "endCursor") if isinstance(item.get(name), str))
            pending += item.values()
        elif isinstance(item, list):
            pending += item
