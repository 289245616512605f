"""Refusals: what a command answers when a rule says no. They are data for the caller, not faults.

Violations are what is wrong with the fields of an input, each as data, so that a form can show them all.
"""

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

from domain.kit.events import snake

Path = tuple[str | int, ...]
"""Where in an input a value stands: names of fields, and places in lists from 0."""

MOST = 100
"""How many violations are told at once."""
_NAMED = 3
"""How many parts of a path are said in words."""


class ViolationCode(StrEnum):
    """What kind of limit a value is outside of."""

    REQUIRED = "required"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    OUT_OF_RANGE = "out_of_range"
    FORMAT = "format"
    TOO_DEEP = "too_deep"
    UNSUITABLE = "unsuitable"
    RULE = "rule"

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    ViolationCode.REQUIRED: "A value is needed, but is null or missing.",
    ViolationCode.TOO_SHORT: "The text has fewer visible characters than `minimum`: with a minimum of 1, none.",
    ViolationCode.TOO_LONG: "The text has more characters than `maximum`.",
    ViolationCode.TOO_FEW: "The list has fewer entries than `minimum`.",
    ViolationCode.TOO_MANY: "The list has more entries than `maximum`.",
    ViolationCode.TOO_SMALL: "The number is less than `minimum`.",
    ViolationCode.TOO_LARGE: "The number, or the size, is more than `maximum`.",
    ViolationCode.OUT_OF_RANGE: "The date or number is too far from what can be kept.",
    ViolationCode.FORMAT: "The value is not written as it must be.",
    ViolationCode.TOO_DEEP: "Objects and lists are nested deeper than `maximum`.",
    ViolationCode.UNSUITABLE: "The value is well formed, but cannot be chosen; the message says why.",
    ViolationCode.RULE: "A rule refused the value: the `code` of the refusal says which one.",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One value outside its limits; ``reason`` is a verb phrase, such as ``must not be empty``."""

    code: ViolationCode
    reason: str
    path: Path = ()
    minimum: float | None = None
    maximum: float | None = None

    def below(self, part: str | int) -> "Violation":
        """The same violation, of the value that this part of another one holds."""
        return replace(self, path=(part, *self.path))

    @property
    def message(self) -> str:
        """What is wrong, as a sentence for people."""
        # What a rule says is a sentence already.
        return self.reason if self.code is ViolationCode.RULE else f"{label(self.path)} {self.reason}."


def label(path: Path | str | None) -> str:
    """What people call a field: ``("due_date",)`` is the Due date, ``("tags", 1)`` the second entry of tags. What
    stands deeper is named from the outside, ``("schema", "properties", "payload", "x-a")`` as it is written."""
    if not path:
        return "This"
    parts = (path,) if isinstance(path, str) else path
    if len(parts) > _NAMED:
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)[1:]
        return text[0].upper() + text[1:]
    words = [f"entry {part + 1}" if isinstance(part, int) else part.replace("_", " ") for part in parts]
    text = re.sub(r"\bid\b", "ID", " of ".join(reversed(words)))
    return text[0].upper() + text[1:]


def first_of_each(violations: Iterable[Violation]) -> list[Violation]:
    """The first violation of each value, in order, and not more than `MOST`."""
    found: dict[Path, Violation] = {}
    for violation in violations:
        found.setdefault(violation.path, violation)
        if len(found) == MOST:
            break
    return list(found.values())


class Refusal(Exception):
    """The reason a command was not carried out; the docstring is the message for the user.

    ``{name}`` in the docstring is filled from the keyword arguments, ``{field}`` with what people call the field.
    ``code`` is a contract with clients: the class's name in snake case, unless the class says otherwise because it
    was renamed. ``field`` names the input the refusal is about, when there is one, and ``path`` the place in it,
    beginning with the field, where that is one of several.
    """

    code: ClassVar[str]
    message: str

    def __init_subclass__(cls) -> None:
        cls.code = cls.__dict__.get("code") or snake(cls.__name__)
        if _refusals.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"Two refusals have the code {cls.code!r}.")

    def __init__(self, *, field: str | None = None, path: Path = (), **facts: object) -> None:
        self.field = str(path[0]) if path else field
        self.path = path or ((field,) if field else ())
        # Whatever the message speaks of, hence Any.
        self.facts: dict[str, Any] = facts
        text = " ".join(inspect.cleandoc(type(self).__doc__ or "").split())
        try:
            self.message = text.format(field=label(self.path), **facts)
        except KeyError as missing:
            given = ", ".join(facts) or "nothing"
            raise TypeError(f"{type(self).__name__} speaks of {missing}, but was given {given}.") from None
        super().__init__(self.message)

    @property
    def violations(self) -> Sequence[Violation]:
        """What is wrong with which field: of a rule, the field that it is about."""
        return (Violation(ViolationCode.RULE, self.message, self.path),) if self.path else ()

    def about(self, field: str | None) -> Self:
        """The same refusal as whoever is answered knows the field, which its message may name as well."""
        if field is None or not self.path[1:]:
            return type(self)(field=field, **self.facts)
        return type(self)(path=(field, *self.path[1:]), **self.facts)


_refusals: dict[str, type[Refusal]] = {}


def refusals() -> dict[str, type[Refusal]]:
    """Every refusal that loaded code can answer with, by code."""
    return dict(sorted(_refusals.items()))


class Invalid(Refusal):
    """{field} {reason}."""

    def __init__(
        self,
        *,
        field: str | None,
        reason: str,
        why: ViolationCode = ViolationCode.UNSUITABLE,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> None:
        """One field, with what is wrong with it as a verb phrase, and the limit that it is outside of."""
        super().__init__(field=field, reason=reason)
        self.all = [Violation(why, reason, (field,) if field else (), minimum, maximum)]

    @classmethod
    def of(cls, violations: Sequence[Violation]) -> "Invalid":
        """All of these, of which there is one at least; its field is that of the first."""
        first = violations[0]
        refusal = cls(field=str(first.path[0]), reason=first.reason, why=first.code)
        refusal.all = list(violations)
        refusal.message = " ".join(violation.message for violation in violations)
        return refusal

    @classmethod
    def together(cls, refusals: Sequence[Refusal]) -> Refusal:
        """One refusal for several of one input, of which there is one at least; a single one as it is."""
        if len(refusals) == 1:
            return refusals[0]
        return cls.of(first_of_each(wrong for refusal in refusals for wrong in refusal.violations))

    @property
    def violations(self) -> Sequence[Violation]:
        """See the base: every field that is wrong."""
        return self.all

    def about(self, field: str | None) -> "Invalid":
        """See the base."""
        if field is None:
            return Invalid(field=None, reason=str(self.facts["reason"]), why=self.all[0].code)
        return Invalid.of([replace(wrong, path=(field, *wrong.path[1:])) for wrong in self.all])


class NotFound(Refusal):
    """There is no such {what}."""

    def __init__(
        self, *, field: str | None = None, path: Path = (), sentence: str = "", **facts: Any
    ) -> None:
        """``what`` there is not; a ``sentence`` says more of it than that."""
        if sentence:
            facts["sentence"] = sentence
        super().__init__(field=field, path=path, **facts)
        self.message = sentence or self.message
        self.args = (self.message,)


class AlreadyExists(Refusal):
    """There is already another {what} with this id."""


class AlreadyTaken(Refusal):
    """{field} is already in use."""


class CommandIdReused(Refusal):
    """This command ID was used before, for another command or by another user."""


class Contended(Refusal):
    """Others keep changing this at the same time; try again."""


class StaleVersion(Refusal):
    """This was changed in the meantime: it is at version {version} now."""


class Forbidden(Refusal):
    """This needs the permission {permission}."""


class TakesAPerson(Refusal):
    """This takes a person: an API key cannot do it, whatever it may."""


class SubjectErased(Refusal):
    """This user was erased; nothing can be stored about them any more."""


class NoTenant(Refusal):
    """You belong to no company: found one, or join one by an invitation."""


def require(outcome: object) -> None:
    """Raise the outcome of a command if it is a refusal."""
    if isinstance(outcome, Refusal):
        raise outcome
