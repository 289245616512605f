"""The feature that docs/developing.md builds is a feature: its files, put in their places, pass their tests."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

from tests.docs.pages import ROOT, blocks, page

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


def _files() -> dict[str, str]:
    """The files that the page shows, by the path that the heading above each names."""
    found = {}
    for block in blocks(PAGE, "python"):
        (path,) = re.findall(r"`([\w/]+\.py)`", block.heading)
        found[path] = block.text
    return found


def test_it_shows_the_four_files_of_a_feature() -> None:
    assert list(_files()) == [
        "domain/work/labels.py",
        "projections/work/labels.py",
        "graphql/api/work/labels.py",
        "tests/work/test_labels.py",
    ]


def test_it_says_how_many_lines_they_take() -> None:
    lines = sum(text.count("\n") for text in _files().values())
    assert f"It takes {lines} lines" in page(PAGE)


def test_the_paths_it_names_exist() -> None:
    named = set(re.findall(r"`((?:app|docs|domain|graphql|projections|tests)/[\w/.-]+)`", page(PAGE)))
    ours = {*_files(), "graphql/operations/work/labels.graphql"}
    assert [path for path in sorted(named - ours) if not (ROOT / path).exists()] == []


@pytest.mark.servers
async def test_its_feature_passes_its_tests(tmp_path: Path) -> None:
    files = _files()
    (documents,) = blocks(PAGE, "graphql")
    shutil.copytree(ROOT / "graphql" / "operations", tmp_path / "graphql" / "operations")
    files["graphql/operations/work/labels.graphql"] = documents.text
    files["wiring.py"] = WIRING
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", "--quiet", "--config-file", ROOT / "pyproject.toml", "--rootdir", tmp_path),
        *("-p", "wiring", "-p", "tests.conftest", "-p", "no:cacheprovider", tmp_path / "tests"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "graphql", tmp_path)))},
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        pytest.fail(output.decode())
