"""Fields that are not for everyone: confidential ones masked, sealed ones opened, as they are shown."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from domain.kit.fields import Confidential, Personal, marks
from domain.kit.sealed import is_sealed, subject_of

MASKED = "***"
"""Stands in place of what the caller may not read."""

_PARENT: Any = strawberry.Parent

Resolver: TypeAlias = Callable[..., Awaitable[Any]]


def is_marked(hint: Any, *kinds: type) -> bool:
    """Whether a type hint carries a mark of one of these kinds. Type hints have no static type, hence Any."""
    return any(isinstance(mark, kinds) for mark in marks(hint))


def revealing(name: str, hint: Any, *, shown: Any, needs: str, about: str | None) -> Resolver:
    """The resolver of a row's confidential or personal field.

    Confidential fields of work, for one, take the permission ``work:confidential``; without it they are masked.
    Where personal data are masked (outside production), only the person himself reads them in full.
    """
    area = needs.partition(":")[0]
    confidential = is_marked(hint, Confidential)
    personal = is_marked(hint, Personal)
    whose = next((mark.subject for mark in marks(hint) if isinstance(mark, Personal)), "")

    async def resolve(root: Any, info: strawberry.Info[Any, Any]) -> Any:
        value = getattr(root, name)
        if value is None or value == "":
            return value
        ask = info.context
        own = about is not None and not ask.shared and getattr(root, about) == ask.caller.user_id
        allowed = not confidential or own or ask.caller.may(f"{area}:confidential")
        if allowed:
            subject = getattr(root, about) if about else None
            if subject is None and personal and isinstance(value, str) and is_sealed(value):
                subject = subject_of(value)
            ask.revealed(name, subject, confidential=confidential)
        if not isinstance(value, str):
            return value if allowed else None
        if not allowed and not personal:
            return MASKED
        if personal and is_sealed(value):
            if not _is_of(root, whose, value):
                return MASKED
            value = await ask.opened(value)
        if confidential and personal and not (allowed and (own or not ask.services.masking)):
            return masked(value)
        return value

    resolve.__annotations__ |= {"root": _PARENT[Any], "return": shown}
    return resolve


# The row of any view.
def _is_of(root: Any, whose: str, sealed: str) -> bool:
    """Whether a sealed text is of the person whom the row is about, as far as the row tells who that is."""
    about = getattr(root, "id" if whose == "originator_id" else whose, None)
    return not isinstance(about, UUID) or subject_of(sealed) == about


def masked(text: str) -> str:
    """A personal text of which just enough is left to tell it from others: ``a***@example.com``, ``B***``."""
    if not text:
        return text
    local, at, domain = text.partition("@")
    return f"{local[:1]}***{at}{domain}"
