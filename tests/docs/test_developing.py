"""The feature that docs/developing.md builds is a feature: its files, put in their places, pass their tests."""

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, files_of, page, pass_their_tests

PAGE = "docs/developing.md"

# The example becomes part of the packages it names, in a process of its own: what it declares, such as stored
# names, is known to the whole process from then on.
WIRING = """
from dataclasses import replace
from pathlib import Path

import api.work
import domain.work
import projections.work
import tests.kit.documents

HERE = Path(__file__).parent
for package, folder in ((domain.work, "domain"), (projections.work, "projections"), (api.work, "graphql/api")):
    package.__path__.append(str(HERE / folder / "work"))

from projections.work import labels

known = projections.work.CONTEXT
projections.work.CONTEXT = replace(known, modules=(*known.modules, labels))

from api.work import labels

shown = api.work.CONTEXT
api.work.CONTEXT = replace(shown, modules=(*shown.modules, labels))
tests.kit.documents.FOLDER = HERE / "graphql/operations"
"""


def test_it_shows_the_four_files_of_a_feature() -> None:
    assert list(files_of(PAGE)) == [
        "domain/work/labels.py",
        "projections/work/labels.py",
        "graphql/api/work/labels.py",
        "tests/work/test_labels.py",
    ]


def test_it_says_how_many_lines_they_take() -> None:
    lines = sum(text.count("\n") for text in files_of(PAGE).values())
    assert f"It takes {lines} lines" in page(PAGE)


def test_the_paths_it_names_exist() -> None:
    named = set(re.findall(r"`((?:app|docs|domain|graphql|projections|tests)/[\w/.-]+)`", page(PAGE)))
    ours = {*files_of(PAGE), "graphql/operations/work/labels.graphql"}
    assert [path for path in sorted(named - ours) if not (ROOT / path).exists()] == []


@pytest.mark.servers
async def test_its_feature_passes_its_tests(tmp_path: Path) -> None:
    files = files_of(PAGE)
    (documents,) = blocks(PAGE, "graphql")
    shutil.copytree(ROOT / "graphql" / "operations", tmp_path / "graphql" / "operations")
    files["graphql/operations/work/labels.graphql"] = documents.text
    files["wiring.py"] = WIRING
    await pass_their_tests(files, tmp_path, "tests.conftest")
