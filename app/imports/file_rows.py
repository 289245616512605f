"""What a row of a file is, and a place between two of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_COLUMNS = 1_000

MOST_BLANK = 50_000
"""Lines without a row, one after the other, after which reading goes on in another part."""

# Cells are texts, or JSON values of any shape.
Cells = Mapping[str, Any]


class FileUnreadable(Exception):
    """The file is not what it is said to be; the text says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A place between two rows."""

    offset: int = 0
    line: int = 0
    """The last line before it."""
    row: int = 0
    """The last row before it."""


class BlankStretch(Exception):
    """There are many lines without a row: reading goes on ``after`` them, in another part."""

    def __init__(self, after: FilePlace) -> None:
        super().__init__(after)
        self.after = after


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of a file."""

    number: int
    line: int
    """On which it begins."""
    after: FilePlace
    cells: Cells | None = None
    """By column; None for one that is an event already, or that cannot be read."""
    text: str = ""
    """As it stands in the file, of JSON; else what of it can be told."""
    fault: str = ""
    """Why it cannot be read, as a sentence."""
