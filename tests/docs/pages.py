"""Pages of the documentation as tests read them: fenced blocks, under which heading, in which language."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the heading it stands under."""

    language: str
    text: str
    heading: str


def page(name: str) -> str:
    """The text of a page; ``name`` is its path in the repository."""
    return (ROOT / name).read_text()


def blocks(name: str, *languages: str) -> list[Block]:
    """A page's blocks in these languages, in order."""
    text = page(name)
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(text)]
    return [
        Block(found[1], found[2], next((title for at, title in reversed(headings) if at < found.start()), ""))
        for found in _FENCE.finditer(text)
        if found[1] in languages
    ]
