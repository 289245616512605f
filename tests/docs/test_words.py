"""The words of the code and the docs: people are "they"."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = ("app", "bench", "domain", "graphql", "migrations", "projections", "tests")
TEXTS = [
    "*.md",
    "docs/**/*.md",
    *(f"{floor}/**/*.{ext}" for floor in FLOORS for ext in ("py", "sql", "graphql")),
]
GENDERED = re.compile(r"\b(he|him|his|himself|she|hers?|herself)\b", re.IGNORECASE)


def texts() -> dict[Path, str]:
    """Every text of the product that people write, but for this file, which names the words."""
    found = {path for pattern in TEXTS for path in ROOT.glob(pattern)}
    return {path.relative_to(ROOT): path.read_text() for path in sorted(found - {Path(__file__).resolve()})}


def test_people_are_they() -> None:
    wrong = [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if GENDERED.search(line)
    ]
    assert not wrong, "\n".join(wrong)
