"""docs/security.md names, for each control, code and tests that are there."""

import re

import pytest

from tests.docs.pages import ROOT, missing_tests, named_tests, page

PAGE = "docs/security.md"


@pytest.mark.parametrize("path", sorted({path for path, _ in named_tests(page(PAGE))}))
def test_every_test_that_is_named_exists(path: str) -> None:
    assert missing_tests(path, named_tests(page(PAGE))) == set()


def test_every_line_of_evidence_names_a_test() -> None:
    evidence = page(PAGE).partition("## Evidence")[2]
    lines = [line for line in evidence.splitlines() if line.startswith("| ") and "Shown by" not in line]
    assert [line for line in lines if not named_tests(line)] == []


def test_the_paths_it_names_exist() -> None:
    named = set(re.findall(r"`((?:app|domain|graphql|migrations|projections)/[\w/.]+)`", page(PAGE)))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_attack_test_is_evidence_of_something() -> None:
    """What is tried and not told is of no use to who asks what was tried."""
    files = {f"tests/attacks/{path.name}" for path in (ROOT / "tests/attacks").glob("test_*.py")}
    assert files <= {path for path, _ in named_tests(page(PAGE))}
