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


GLOSSARY = re.compile(r"^- \*\*(.+)\*\*: (.+)$", re.MULTILINE)


def glossary() -> dict[str, str]:
    """The terms of the glossary, each with its meaning."""
    return dict(GLOSSARY.findall((ROOT / "docs/glossary.md").read_text()))


def test_the_glossary_has_at_most_sixty_terms_a_sentence_each() -> None:
    terms = glossary()
    assert 0 < len(terms) <= 60
    assert [term for term, meaning in terms.items() if not re.fullmatch(r"[A-Z][^.]*\.", meaning)] == []


def test_the_glossary_is_in_alphabetical_order() -> None:
    assert list(glossary()) == sorted(glossary(), key=str.casefold)


def test_every_term_of_the_glossary_is_in_use() -> None:
    said = "\n".join(text for path, text in texts().items() if path.name != "glossary.md").casefold()
    unused = [term for term in glossary() if not re.search(rf"\b{re.escape(term.casefold())}s?\b", said)]
    assert unused == []
