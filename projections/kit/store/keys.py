"""Keys of rows and cache entries as text: readable, and never the same for two different rows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from string import Formatter
from typing import Any
from urllib.parse import quote
from uuid import UUID

from projections.kit.declare.folds import Key
from projections.kit.declare.view import View

ROSTER = ":roster"
"""How the keys of rosters end; see `KeySpace`."""

_LONGEST_PART = 100


def part(value: object) -> str:
    """One value as text of at most 100 characters, without separators or wildcards.

    Different values of one type stay different: quoted text never holds a per cent sign that two
    hexadecimal digits do not follow, which leaves room for None and for digests of long values.
    """
    if isinstance(value, UUID):
        return str(value)
    if value is None:
        return "%"
    if isinstance(value, Enum):
        value = value.value
    text = quote(str(value), safe="", errors="surrogatepass")
    if len(text) <= _LONGEST_PART:
        return text
    return f"%sha256.{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True)
class KeyPattern:
    """A key's shape, as ``user:tasks:{user_id}:page:{page}``."""

    text: str

    def __post_init__(self) -> None:
        if not self.names or any(spec for *_, spec, _ in Formatter().parse(self.text)):
            raise TypeError(f"The key pattern {self.text!r} must hold plain {{names}}.")

    @property
    def names(self) -> tuple[str, ...]:
        """The placeholders, in order."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.text) if name)

    def fill(self, values: Mapping[str, object]) -> str:
        """The key for these values. Raises KeyError when one is missing."""
        return self.text.format_map({name: part(values[name]) for name in self.names})

    def meets(self, other: "KeyPattern") -> bool:
        """Whether some key could have both shapes."""
        own, others = self.text.split(":"), other.text.split(":")
        return len(own) == len(others) and all(
            left == right or "{" in left or "{" in right for left, right in zip(own, others, strict=True)
        )


class KeySpace:
    """The Redis keys of one generation of a view.

    ``{prefix}:{view}:v{version}:g{generation}:{epoch}:t:{tenant}:{pattern}`` holds a row. Each filling of
    the key space has an epoch of its own: rows of an earlier one can neither be read nor overwritten, and
    expire. The mark, without epoch, says which epoch counts and how far it has come. The roster, a set, names
    all rows of that epoch, as ``{tenant}:{pattern}``: so an absent row and a lost one are told apart.
    """

    def __init__(self, view: View[Any], *, pattern: str, generation: int, prefix: str) -> None:
        self.root = f"{prefix}:{view.name}:v{view.version}:g{generation}:"
        self.mark = f"{self.root}mark"
        self.roster = f"{self.root.removesuffix(':')}{ROSTER}"
        self._names = view.key
        self._pattern = KeyPattern(pattern)
        if set(self._pattern.names) != set(view.key):
            raise TypeError(f"{view.name}'s pattern {pattern!r} must name its key fields {view.key}.")

    def row(self, epoch: str, tenant_id: UUID, key: Key) -> str:
        """The Redis key of a row."""
        filled = self._pattern.fill(dict(zip(self._names, key, strict=True)))
        return f"{self.rows(epoch)}{tenant_id}:{filled}"

    def rows(self, epoch: str) -> str:
        """What the keys of all rows begin with; the rest is how the roster names them."""
        return f"{self.root}{epoch}:t:"


@dataclass(frozen=True, slots=True)
class Mark:
    """A key space's checkpoint as it stands in Redis, in one readable line."""

    epoch: str
    open: bool
    """Whether the rows have once caught up with the log, so that an absent row means there is none."""
    position: int
    folded: int
    token: int
    rows: int = 0
    """How many there are; the roster names as many, or it is lost."""
    lost: frozenset[UUID] = frozenset()
    """The tenants of whom rows were lost: theirs are not read until they are rebuilt."""

    def __str__(self) -> str:
        lost = ",".join(sorted(map(str, self.lost)))
        return f"{self.epoch}:{int(self.open)}:{self.position}:{self.folded}:{self.token}:{self.rows}:{lost}"

    @classmethod
    def read(cls, text: str | bytes) -> "Mark":
        """Parse what ``str`` wrote."""
        plain = text if isinstance(text, str) else text.decode()
        epoch, is_open, position, folded, token, rows, lost = plain.split(":")
        tenants = frozenset(map(UUID, lost.split(",") if lost else ()))
        return cls(epoch, is_open == "1", int(position), int(folded), int(token), int(rows), tenants)
