"""Refusals: what a command answers when a rule says no. They are data for the caller, not faults."""

import inspect
from typing import ClassVar, Self

from domain.kit.events import snake


class Refusal(Exception):
    """The reason a command was not carried out; the docstring is the message for the user.

    ``{name}`` in the docstring is filled from the keyword arguments. ``code`` is a contract with clients: the
    class's name in snake case, unless the class says otherwise because it was renamed. ``field`` names the
    input the refusal is about, when there is one.
    """

    code: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.code = cls.__dict__.get("code") or snake(cls.__name__)
        if _refusals.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"Two refusals have the code {cls.code!r}.")

    def __init__(self, *, field: str | None = None, **facts: object) -> None:
        self.field = field
        self.facts = facts
        text = " ".join(inspect.cleandoc(type(self).__doc__ or "").split())
        try:
            self.message = text.format(field=field, **facts)
        except KeyError as missing:
            given = ", ".join(facts) or "nothing"
            raise TypeError(f"{type(self).__name__} speaks of {missing}, but was given {given}.") from None
        super().__init__(self.message)

    def about(self, field: str | None) -> Self:
        """The same refusal as whoever is answered knows the field, which its message may name as well."""
        return type(self)(field=field, **self.facts)


_refusals: dict[str, type[Refusal]] = {}


def refusal_codes() -> list[str]:
    """Every refusal code that loaded code can answer with."""
    return sorted(_refusals)


class Invalid(Refusal):
    """{field} {reason}."""


class NotFound(Refusal):
    """{field} names no {what}{whose}."""

    def __init__(self, *, field: str | None = None, whose: str = " of yours", **facts: object) -> None:
        """``whose``: nothing, for operators, who ask about what is not theirs."""
        super().__init__(field=field, **facts, whose=whose)


class AlreadyExists(Refusal):
    """There is already another {what} with this id."""


class AlreadyTaken(Refusal):
    """{field} is already in use."""


class CommandIdReused(Refusal):
    """This command id was used before, for something else or by somebody else."""


class Contended(Refusal):
    """Others keep changing this at the same time; try again."""


class StaleVersion(Refusal):
    """This was changed in the meantime: it is at version {version} now."""


class Forbidden(Refusal):
    """This needs the permission {permission}."""


class SubjectErased(Refusal):
    """This person was erased; nothing can be stored about them any more."""


class NoTenant(Refusal):
    """You belong to no company: found one, or join one by an invitation."""


def require(outcome: object) -> None:
    """Raise the outcome of a command if it is a refusal."""
    if isinstance(outcome, Refusal):
        raise outcome
