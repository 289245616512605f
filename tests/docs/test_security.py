"""docs/security.md names, for each control, code and tests that are there."""

import re

import pytest

from tests.docs.pages import ROOT, missing_tests, named_tests, page

PAGE = "docs/security.md"
ROWS = [
    *(f"SEC-{n:02}" for n in range(1, 14)),
    *(f"GOV-{n:02}" for n in (4, 5, 6, 7, 8, 10, 11, *range(13, 21), 22, 25)),
    *(f"ID-T-{n:02}" for n in range(1, 28)),
    "KRN-17",
    "KRN-19",
    "CAC-01",
    "CAC-02",
    "CAC-04",
    "WRK-07",
    "WRK-14",
]
"""The rows of the catalogue that are about security, identity and privacy."""

_ROW = re.compile(r"^\| ([A-Z]+(?:-T)?-\d+) \|(.*)$", re.MULTILINE)


@pytest.mark.parametrize("path", sorted({path for path, _ in named_tests(page(PAGE))}))
def test_every_test_that_is_named_exists(path: str) -> None:
    assert missing_tests(path, named_tests(page(PAGE))) == set()


def test_every_row_of_the_catalogue_has_evidence() -> None:
    found = {row: named_tests(rest) for row, rest in _ROW.findall(page(PAGE))}
    assert sorted(found) == sorted(ROWS)
    assert [row for row, tests in found.items() if not tests] == []


def test_every_line_of_evidence_names_a_test() -> None:
    evidence = page(PAGE).partition("## Evidence")[2]
    lines = [line for line in evidence.splitlines() if line.startswith("| ") and "Shown by" not in line]
    assert [line for line in lines if not named_tests(line)] == []


def test_the_paths_it_names_exist() -> None:
    named = set(re.findall(r"`((?:app|domain|graphql|migrations|projections)/[\w/.]+)`", page(PAGE)))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_attack_test_is_evidence_of_something() -> None:
    """What is tried and not told is of no use to who asks what was tried."""
    files = {f"tests/attacks/{one.name}" for one in (ROOT / "tests/attacks").glob("test_*.py")}
    assert files <= {path for path, _ in named_tests(page(PAGE))}
