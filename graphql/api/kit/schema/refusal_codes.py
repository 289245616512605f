"""The codes of refusals and violations as enums of the schema.

It is imported when the first schema is built, for the list has to be whole: every refusal that a module of the
domain declares. See `docs/decisions/0057-codes-are-closed-lists.md`.
"""

import inspect
import re
from enum import Enum
from typing import Any

import strawberry

import domain.contexts  # noqa: F401  # Who has it has every refusal of the product.
from domain.kit.refusals import Refusal, refusals
from domain.kit.refusals import ViolationCode as Violations


def _meaning(refusal: type[Refusal]) -> str:
    """The message of a refusal, with what is filled in shown as a name in brackets."""
    text = " ".join(inspect.cleandoc(refusal.__doc__ or "").split())
    if text == "{field} {reason}.":
        return "Fields of the input are outside their limits: `violations` has each of them."
    if text == "{reason}":
        return "The message says why."
    text = re.sub(r"\{(\w+)\}", lambda found: f"({found[1].replace('_', ' ')})", text)
    return text.replace("(field)", "The value")


# The members are known when the product is loaded alone, hence Any.
def _enum(name: str, description: str, members: dict[str, str]) -> Any:
    values = {code: strawberry.enum_value(code, description=text) for code, text in members.items()}
    declared: Any = Enum(name, values)  # type: ignore[misc]
    return strawberry.enum(declared, description=description)


MEANINGS = {
    code: _meaning(refusal)
    for code, refusal in refusals().items()
    if refusal.__module__.startswith("domain.")
}
"""What each code of a refusal means, by code."""

RefusalCode = _enum(
    "RefusalCode", "Why a command was refused. The list is closed: it has every code.", MEANINGS
)
ViolationCode = _enum(
    "ViolationCode",
    "Which kind of limit a value is outside of.",
    {code.value: code.meaning for code in Violations},
)
