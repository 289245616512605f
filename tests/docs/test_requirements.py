"""docs/requirements.md: each row of the catalogue stands there once, and names tests that are there."""

import re
from functools import cache

import pytest

from tests.docs.pages import ROOT, missing_tests, named_tests, page

PAGE = "docs/requirements.md"
ROWS = {
    **{"KRN": 32, "ID-T": 27, "SEC": 13, "GOV": 28, "WRK": 18, "EVG": 28, "COM": 7, "CAC": 14, "SRC": 7},
    **{"PER": 13, "OPS": 9, "CMP": 16, "MKT": 17},
}
"""How many rows each group of the catalogue has: they are numbered from 1."""

_ROW = re.compile(r"^\| ([A-Z]+(?:-T)?-\d+) \|(.*)\|$", re.MULTILINE)
_STANDS = re.compile(r"works|in part: |otherwise: |later: ")


@cache
def _rows() -> list[tuple[str, list[str]]]:
    """Each row's id, and its cells: what, how it stands, where, shown by."""
    return [(row, [cell.strip() for cell in rest.split("|")]) for row, rest in _ROW.findall(page(PAGE))]


def test_every_row_of_the_catalogue_is_there_once() -> None:
    wanted = [f"{group}-{number:02}" for group, count in ROWS.items() for number in range(1, count + 1)]
    assert sorted(row for row, _ in _rows()) == sorted(wanted)


def test_the_catalogue_has_just_these_rows() -> None:
    """Where the catalogue itself lies beside the repository."""
    catalogue = ROOT.parent / "shared/spec/requirements.md"
    if not catalogue.is_file():
        pytest.skip("The catalogue is not here.")
    wanted = {row for row, _ in _ROW.findall(catalogue.read_text()) if row.rpartition("-")[0] in ROWS}
    assert {row for row, _ in _rows()} == wanted


def test_each_row_says_how_it_stands() -> None:
    assert [row for row, cells in _rows() if len(cells) != 4 or not _STANDS.match(cells[1])] == []


def test_what_works_names_a_test() -> None:
    bare = [row for row, cells in _rows() if not cells[1].startswith("later") and not named_tests(cells[3])]
    assert bare == []


@pytest.mark.parametrize("path", sorted({path for path, _ in named_tests(page(PAGE))}))
def test_every_test_that_is_named_exists(path: str) -> None:
    assert missing_tests(path, named_tests(page(PAGE))) == set()


def test_the_paths_it_names_exist() -> None:
    cells = " ".join(cell for _, row in _rows() for cell in row)
    named = re.findall(r"`((?:app|bench|docs|domain|graphql|migrations|projections)/[\w/.]*)`", cells)
    linked = re.findall(r"\]\(([\w/.-]+)\)", cells)
    missing = [path for path in named if not (ROOT / path).exists()]
    missing += [path for path in linked if not (ROOT / "docs" / path).exists()]
    assert missing == []
