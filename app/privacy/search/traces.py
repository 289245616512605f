"""What is looked for when a person is to be forgotten, and what was found where."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol
from uuid import UUID

from domain.processes.erasure_port import Evidence


@dataclass(frozen=True, kw_only=True)
class SearchedPerson:
    """Whose traces are looked for, in which tenant, and what tells them."""

    tenant_id: UUID
    subject_id: UUID
    also: tuple[UUID, ...] = ()
    """Other subjects whose data are theirs as well, such as their invitations."""
    everywhere: tuple[str, ...] = ()
    """Addresses of the person, which tell them wherever they stand."""
    beside: tuple[str, ...] = ()
    """Plain texts that identify the person where they stand in a row about them, such as a first name."""

    @property
    def subjects(self) -> tuple[UUID, ...]:
        """Under whose keys their data were sealed."""
        return (self.subject_id, *self.also)

    @property
    def seals(self) -> list[str]:
        """What each sealed text of theirs begins with: one of these."""
        return [f"hw1.{subject.hex}." for subject in self.subjects]

    def sealed_in(self, text: str) -> list[str]:
        """The sealed texts of theirs in a text."""
        return [
            token for seal in self.seals for token in re.findall(re.escape(seal) + r"[A-Za-z0-9_.-]+", text)
        ]

    def tells(self, text: str) -> bool:
        """Whether an address of the person is in a text."""
        return self.telling is not None and self.telling.search(text) is not None

    @cached_property
    def telling(self) -> re.Pattern[str] | None:
        """Matches an address of the person where it stands by itself, not as a part of a longer one."""
        if not self.everywhere:
            return None
        either = "|".join(map(re.escape, self.everywhere))
        return re.compile(rf"(?<![\w.+%-])(?:{either})(?![\w-]|[.]\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TracePlace:
    """Where something stands: a table, key space, index or folder, and what in it."""

    place: str
    key: str

    def __str__(self) -> str:
        return f"{self.place}/{self.key}"


@dataclass(slots=True)
class Looked:
    """What one store was found to hold."""

    store: str
    places: int = 0
    """How many rows, keys, documents or files were looked at."""
    plain: list[TracePlace] = field(default_factory=list)
    """Where a plain text stands."""
    sealed: list[tuple[TracePlace, str]] = field(default_factory=list)
    """Where a sealed text of theirs stands, and the text."""

    def read(self, wanted: SearchedPerson, place: TracePlace, text: str) -> None:
        """Look through a text."""
        self.places += 1
        if wanted.tells(text):
            self.plain.append(place)
        self.sealed += ((place, token) for token in wanted.sealed_in(text))

    @property
    def evidence(self) -> Evidence:
        """What is certified of it, once none of the sealed texts could be opened."""
        return Evidence(
            store=self.store,
            places=self.places,
            sealed=len(self.sealed),
            sha256=_digest(place for place, _ in self.sealed),
        )


def _digest(places: Iterable[TracePlace]) -> str:
    lines = sorted(f"{place} unreadable" for place in places)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class SweptStore(Protocol):
    """A store of which parts are removed unread, so that nothing is certified of it."""

    store: ClassVar[str]
    """How it is named, in evidence as well."""

    async def sweep(self, wanted: SearchedPerson) -> int:
        """Remove or blank what tells the person and that nothing else would; how much it was."""
        ...


class SearchableStore(SweptStore, Protocol):
    """A store that can be looked through."""

    async def look(self, wanted: SearchedPerson) -> Looked:
        """Look at everything of the tenant, and at what belongs to no tenant."""
        ...
