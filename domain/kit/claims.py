"""What an aggregate asks of the rest of the log, beyond its own stream."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from domain.kit.log import Reference, Reservation
from domain.kit.refusals import AlreadyTaken


@dataclasses.dataclass(frozen=True, slots=True)
class Claims:
    """What the append of an aggregate's events has to reserve, release and check."""

    reserves: tuple[Reservation, ...]
    releases: tuple[Reservation, ...]
    references: tuple[Reference, ...]


NO_CLAIMS = Claims((), (), ())


def _same(value: str) -> str:
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class Unique:
    """An attribute whose value no other stream may have, as long as this one has it.

        class Role(Aggregate, topic="identity.role", unique=(Unique("name", fold=str.casefold),)):

    The value is reserved by the event that sets it, and released by the one that changes it or ends the stream.
    The attribute, or property, holds a text, several texts, or None for no value.
    """

    attribute: str
    stored_as: str = ""
    """The name of the reservation, which is a contract: ``<topic>.<attribute>`` unless the class says otherwise,
    for example because the attribute was renamed."""
    field: str = ""
    """The command's field that a refusal points at; by default as the attribute."""
    everywhere: bool = False
    """Whether it is unique over all tenants."""
    personal: bool = False
    """Whether only its fingerprint is stored; see `Aggregate.reserve`."""
    fold: Callable[[str], str] = _same
    """Makes equal what counts as the same value."""
    refusal: type[AlreadyTaken] = AlreadyTaken
    """What a value that another stream has is refused with: a class of its own where the field alone does not say
    what is in the way."""

    def values(self, aggregate: object) -> tuple[str, ...]:
        """The values that an aggregate has now."""
        value: str | Iterable[str] | None = getattr(aggregate, self.attribute)
        if value is None:
            return ()
        values = (value,) if isinstance(value, str) else value
        return tuple(dict.fromkeys(self.fold(value) for value in values))


def uniques(aggregate: type[Any], topic: str, given: tuple[str | Unique, ...]) -> tuple[Unique, ...]:
    """What an aggregate's class says is unique, with the names under which that is reserved.

    Raises TypeError for an attribute that the class lacks, and for a name that another class reserves under.
    """
    named: list[Unique] = []
    for entry in given:
        unique = Unique(entry) if isinstance(entry, str) else entry
        name = unique.attribute
        known = getattr(aggregate, "__dataclass_fields__", {})
        if name not in known and not isinstance(getattr(aggregate, name, None), property):
            raise TypeError(f"{aggregate.__qualname__} has no attribute {name!r} that could be unique.")
        stored_as = unique.stored_as or f"{topic}.{name}"
        if _reserved.setdefault(stored_as, topic) != topic or stored_as in {
            other.stored_as for other in named
        }:
            raise TypeError(f"Two attributes are reserved under {stored_as!r}.")
        named.append(dataclasses.replace(unique, stored_as=stored_as, field=unique.field or name))
        _refusals[stored_as] = unique.refusal
    return tuple(named)


def taken(reservation: Reservation) -> AlreadyTaken:
    """The refusal of a value that another stream has."""
    return _refusals.get(reservation.name, AlreadyTaken)(field=reservation.field)


_reserved: dict[str, str] = {}
_refusals: dict[str, type[AlreadyTaken]] = {}
