"""docs/contexts.md builds a context: it passes its tests in a copy of the product, and touches one other line."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

from app.contexts import CONTEXTS
from tests.docs.generated import generated
from tests.docs.new_cases import CONTEXT
from tests.docs.new_context import lay_out
from tests.docs.pages import ROOT, blocks, page

PAGE = "docs/contexts.md"
FOLDERS = (
    f"domain/{CONTEXT}/",
    f"projections/{CONTEXT}/",
    f"graphql/api/{CONTEXT}/",
    f"graphql/operations/{CONTEXT}/",
    f"tests/{CONTEXT}/",
)
DIFFERENT = ("-p", "no:cacheprovider", "-p", "tests.docs.new_cases", "--hypothesis-profile=quick")
SUITES = ("access", "app", "catalogue", "contracts", "docs", "privacy", "schema", "tenancy")
"""What goes by everything that the product declares."""
DOCUMENTS = f"graphql/operations/{CONTEXT}/{CONTEXT}.graphql"


def _files() -> dict[str, str]:
    """The files that the page shows, by the path that the heading above each names."""
    found = {}
    for block in blocks(PAGE, "python"):
        (path,) = re.findall(r"`([\w/]+\.py)`", block.heading)
        found[path] = block.text
    (documents,) = blocks(PAGE, "graphql")
    return found | {DOCUMENTS: documents.text}


def test_the_paths_it_names_exist() -> None:
    named = set(re.findall(r"`((?:app|domain|graphql|projections|tests)/[\w/.]+)`", page(PAGE)))
    strange = [path for path in sorted(named - _files().keys()) if not (ROOT / path).exists()]
    assert [path for path in strange if not path.startswith(FOLDERS)] == []


def test_no_context_with_views_is_left_out_of_the_list() -> None:
    """A context whose views no worker knows would be empty for ever."""
    folders = {path.parent.name for path in (ROOT / "projections").glob("*/__init__.py")} - {"kit"}
    assert {context.name for context in CONTEXTS} == folders


def _listed(place: Path) -> set[str]:
    """The files of a checkout, as they are in it now."""
    ended = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
    )
    return {path for path in ended.stdout.splitlines() if (place / path).is_file()}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the product with the context of the page, begun as the page says."""
    place = tmp_path_factory.mktemp("product")
    for path in _listed(ROOT):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        # With the time of its change, by which compiled modules are known to be those of their sources.
        shutil.copy2(ROOT / path, place / path)
    for compiled in {path.parent / "__pycache__" for path in map(Path, _listed(ROOT))}:
        if (ROOT / compiled).is_dir():
            # But for what is just being written under a name that is changed at its end.
            shutil.copytree(ROOT / compiled, place / compiled, ignore=shutil.ignore_patterns("*.pyc.*"))
    lay_out(CONTEXT, place)
    for path, text in _files().items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=place, check=True)
    subprocess.run(["git", "add", "--all"], cwd=place, check=True)
    yield place
    shutil.rmtree(place, ignore_errors=True)


async def _run(copy: Path, *command: str) -> tuple[int, str]:
    """A program of this environment, run on the copy: its exit status, and what it says."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name(command[0])),
        *command[1:],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (copy, copy / "graphql")))},
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.servers
async def test_its_context_is_like_the_others(copy: Path) -> None:
    """Well formed, known everywhere, and nothing of the product outside its folders has changed but one line."""
    for command in (
        ("ruff", "format", "--check", "--quiet", *FOLDERS[:3], FOLDERS[-1]),
        ("ruff", "check", "--quiet", *FOLDERS[:3], FOLDERS[-1]),
        ("python", "-m", "tests.docs.generated"),
        ("lint-imports",),
        ("pytest", "--quiet", *DIFFERENT, *(f"tests/{name}" for name in (CONTEXT, *SUITES))),
    ):
        status, output = await _run(copy, *command)
        assert status == 0, output
    ours, copied = _listed(ROOT), _listed(copy)
    changed = {path for path in ours if (copy / path).read_bytes() != (ROOT / path).read_bytes()}
    assert changed - {path.relative_to(ROOT).as_posix() for path in generated()} == {"domain/contexts.py"}
    assert [path for path in copied - ours if not path.startswith(FOLDERS)] == []
    before, after = ((place / "domain" / "contexts.py").read_text().splitlines() for place in (ROOT, copy))
    assert [line for line in after if line not in before] == [f'    "{CONTEXT}",']
    assert [line for line in before if line not in after] == []


@pytest.mark.servers
@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("domain/suppliers/greetings.py", "from domain.work.tasks import Task"),
        ("projections/suppliers/suppliers.py", "from projections.work.tasks import Tasks"),
        ("projections/kit/backoff.py", "from projections.suppliers.suppliers import Suppliers"),
        ("graphql/api/kit/execution/cost.py", "from api.suppliers.suppliers import Supplier"),
    ],
)
async def test_it_may_not_import_what_no_context_may(copy: Path, importer: str, imported: str) -> None:
    """Though no contract names it."""
    text = (copy / importer).read_text()
    (copy / importer).write_text(f"{text}\n{imported}\n")
    try:
        status, output = await _run(copy, "lint-imports")
    finally:
        (copy / importer).write_text(text)
    assert status == 1, output
    assert "BROKEN" in output
