"""The words of the code and the docs: people are "they"."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = ("app", "bench", "domain", "graphql", "migrations", "projections", "tests")
TEXTS = [
    "*.md",
    "docs/**/*.md",
    "docs/examples/*/src/*.ts*",
    *(f"{floor}/**/*.{ext}" for floor in FLOORS for ext in ("py", "sql", "graphql")),
]
GENDERED = re.compile(r"\b(he|him|his|himself|she|hers?|herself)\b", re.IGNORECASE)


@cache
def texts() -> dict[Path, str]:
    """Every text of the product that people write, but for this file, which names the words."""
    found = {path for pattern in TEXTS for path in ROOT.glob(pattern) if "node_modules" not in path.parts}
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


INSTEAD = {
    r"abreast": "together",
    r"afresh|anew": "again (rebuilt, refilled, recreated)",
    r"for good": "permanently",
    r"mend(s|ed|ing)?": "repair",
    r"see the port": "what it does, or nothing",
    r"sparing(ly)?": "the limit",
    r"to be had": "available",
    r"wish(es|ed)?": "request, command or effect",
}
"""Words that no name, comment, text or page uses, each with what to say instead."""
FIXED = re.compile(
    r"""[?&"`]anew\b|oidc_anew|\bmended\b(?=[ `"]*bigint)|\b(set|select) mended\b|[tT]enant_?[wW]ish\b"""
    r"""|\bwish=|\bwish:|\boutcome\.wish\b|\bpop\("wish"\)""",
)
"""Stored names, addresses and names of the API that have such a word: they are contracts."""
ELSEWHERE = (
    "CHANGELOG.md",
    "docs/decisions",
    "docs/data.md",
    "graphql/schema.graphql",
    "migrations",
    "tests",
)
"""History, what is generated from texts that are read here, and the names of tests, which other pages quote."""


def test_words_have_one_spelling() -> None:
    banned = {word: re.compile(rf"(?<![a-z]){word}(?![a-z])", re.IGNORECASE) for word in INSTEAD}
    any_of_them = re.compile("|".join(INSTEAD), re.IGNORECASE)
    wrong = [
        f"{path}:{number}: say {INSTEAD[word]}: {line.strip()}"
        for path, text in texts().items()
        if not str(path).startswith(ELSEWHERE)
        for number, line in enumerate(text.splitlines(), 1)
        if any_of_them.search(line)
        for word, pattern in banned.items()
        if pattern.search(FIXED.sub("", line))
    ]
    assert not wrong, "\n".join(wrong)


EMPTY = {"asked", "came", "made", "one", "some", "theirs", "told", "who", "whose", "wish", "wishes"}
"""Names that do not say what they hold: a variable, parameter or function has the noun of it."""


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.arg(arg=name) | ast.alias(asname=str(name)):
            yield name
        case ast.Module(body=body) | ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            yield from (
                each.name for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            )


def test_names_say_what_they_hold() -> None:
    """In the product. Fields of classes are left out: rows, events and GraphQL types may have to be called so."""
    wrong = []
    for path, text in texts().items():
        if path.suffix == ".py" and path.parts[0] not in ("bench", "tests"):
            tree = ast.parse(text)
            fields = {
                id(target)
                for kind in ast.walk(tree)
                if isinstance(kind, ast.ClassDef)
                for target in _fields(kind)
            }
            wrong += [
                f"{path}:{getattr(node, 'lineno', 1)}: {name}"
                for node in ast.walk(tree)
                if id(node) not in fields
                for name in _names(node)
                if name in EMPTY
            ]
    assert not wrong, "\n".join(wrong)


def _fields(kind: ast.ClassDef) -> Iterator[ast.AST]:
    for statement in kind.body:
        if isinstance(statement, ast.AnnAssign):
            yield statement.target
        elif isinstance(statement, ast.Assign):
            yield from statement.targets
