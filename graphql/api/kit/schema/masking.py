"""Fields that are not for everyone: confidential ones masked, sealed ones opened, as they are shown."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, get_type_hints
from uuid import UUID

import strawberry

from api.kit.execution.quick_fields import PENDING, quick
from api.kit.schema.stored_texts import json_or_none
from domain.kit.fields import Confidential, Personal, is_marked, marks
from domain.kit.permissions import confidential as reading
from domain.kit.sealed import ERASED, is_sealed, subject_of
from domain.kit.text import ADDRESS

MASKED = "***"
"""Stands in place of what the caller may not read."""

_PARENT: Any = strawberry.Parent
_ADDRESS = re.compile(ADDRESS.regex)

Resolver: TypeAlias = Callable[..., Awaitable[Any]]


def revealing(
    name: str,
    hint: Any,
    *,
    row: type,
    shown: Any,
    needs: str,
    about: str | None,
    read: Callable[[Any], Any] | None = None,
) -> Resolver:
    """The resolver of a row's confidential or personal field.

    Confidential fields of work, for one, take the permission ``work:confidential``; without it they are masked.
    Where personal data are masked (outside production), only the person themselves reads them in full. Either way
    the answer's extensions say which field was masked, and why. ``read`` is how a text is shown that is
    not masked, unless as it is; masked JSON is null. So is what nobody can open any more, its person being erased.

    Raises LookupError where no permission reads such a field, TypeError where the row does not tell whose it is.
    """
    confidential = is_marked(hint, Confidential)
    permission = reading(needs.partition(":")[0]) if confidential else ""
    owner, is_json = _whose(row, name, hint), read is json_or_none

    def reveal(root: Any, ask: Any, called: str) -> Any:
        value = getattr(root, name)
        if value is None or value == "":
            # That there is nothing tells something of the person, too.
            ask.revealed(name, getattr(root, about) if about else None, confidential=False)
            return value if read is None else read(value)
        own = about is not None and not ask.shared and getattr(root, about) == ask.caller.user_id
        allowed = not confidential or own or ask.caller.may(permission)
        if allowed:
            subject = getattr(root, about) if about else None
            if subject is None and owner and isinstance(value, str) and is_sealed(value):
                subject = subject_of(value)
            ask.revealed(name, subject, confidential=confidential)
        else:
            ask.masked(called, permission)
        if not isinstance(value, str):
            return value if allowed else [] if isinstance(value, tuple | list) else None
        if is_json and not (allowed and (own or not (confidential and owner and ask.services.masking))):
            if allowed:
                ask.masked(called, "")
            return None
        if not allowed and not owner:
            return MASKED
        if owner and is_sealed(value):
            if subject_of(value) != getattr(root, owner):
                return MASKED
            value = ask.plain(value)
            if value is None:
                return PENDING
            if value == ERASED:
                return None
        if confidential and owner and not (allowed and (own or not ask.services.masking)):
            if allowed:
                ask.masked(called, "")
            return masked(value)
        return value if read is None else read(value)

    async def resolve(root: Any, info: strawberry.Info[Any, Any]) -> Any:
        called = _called(info)
        if (value := reveal(root, info.context, called)) is PENDING:
            await info.context.opened(getattr(root, name))
            value = reveal(root, info.context, called)
        return value

    async def load(rows: Sequence[Any], ask: Any) -> Sequence[Any]:
        if confidential and not ask.caller.may(permission):
            return ()
        sealed = (
            (row, text) for row in rows if isinstance(text := getattr(row, name), str) and is_sealed(text)
        )
        texts = {text for row, text in sealed if subject_of(text) == getattr(row, owner)}
        await asyncio.gather(*map(ask.opened, texts))
        return ()

    resolve.__annotations__ |= {"root": _PARENT[Any], "return": shown}
    return quick(reveal, load if owner else None)(resolve)


def noting(
    name: str, *, shown: Any, about: str | None, read: Callable[[Any], Any] | None = None
) -> Callable[..., Any]:
    """The resolver of any other field: of a row ``about`` a person, the audit hears whose it is. ``read`` is how
    it is shown, unless as it stands."""

    def note(root: Any, ask: Any, _: str) -> Any:
        if about is not None:
            ask.revealed(name, getattr(root, about), confidential=False)
        value = getattr(root, name)
        return value if read is None else read(value)

    def resolve(root: Any, info: strawberry.Info[Any, Any]) -> Any:
        return note(root, info.context, "")

    resolve.__annotations__ |= {"root": _PARENT[Any], "return": shown}
    return quick(note)(resolve)


def _whose(row: type, name: str, hint: Any) -> str:
    """The field of a row with the id of the person whose a personal field is; empty for one that is nobody's."""
    mark = next((mark for mark in marks(hint) if isinstance(mark, Personal)), None)
    if mark is None:
        return ""
    owner = "id" if mark.subject == "originator_id" else mark.subject
    if get_type_hints(row).get(owner) is not UUID:
        raise TypeError(
            f"{row.__name__}.{name} is personal, but {owner!r}, whose it is, is no id in the row."
        )
    return owner


def _called(info: strawberry.Info[Any, Any]) -> str:
    """The field that is resolved, as ``User.email``."""
    return f"{info._raw_info.parent_type.name}.{info._raw_info.field_name}"


def masked(text: str) -> str:
    """A personal text of which just enough is left to tell it from others: ``a***@example.com``, ``B***``.

    A domain is left of what is an address as a whole; a text that only holds one may say anything after it.
    """
    if not text:
        return text
    local, at, domain = text.partition("@") if _ADDRESS.fullmatch(text) else (text, "", "")
    return f"{local[:1]}{MASKED}{at}{domain}"
