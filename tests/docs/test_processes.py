"""The processes that docs/processes.md builds are processes: put in their places, they pass their tests."""

import asyncio
import os
import re
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

from tests.docs.pages import ROOT, blocks, page

PAGE = "docs/processes.md"

# In a process of its own, for what it declares is known to the whole process from then on.
WIRING = """
from pathlib import Path

import domain.processes

domain.processes.__path__.append(str(Path(__file__).parent / "domain/processes"))

import domain.processes.shops
"""


def _files() -> dict[str, str]:
    found = {}
    for block in blocks(PAGE, "python"):
        (path,) = re.findall(r"`([\w/]+\.py)`", block.heading)
        found[path] = block.text
    return found


def test_the_paths_it_names_exist() -> None:
    named = set(re.findall(r"`((?:app|docs|domain|tests)/[\w/.-]+)`", page(PAGE)))
    assert [path for path in sorted(named - set(_files())) if not (ROOT / path).exists()] == []


@pytest.mark.servers
async def test_its_processes_pass_their_tests(tmp_path: Path) -> None:
    files = {**_files(), "wiring.py": WIRING}
    assert len(files) == 4
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", "--quiet", "--config-file", ROOT / "pyproject.toml", "--rootdir", tmp_path),
        *("-p", "wiring", "-p", "no:cacheprovider", tmp_path / "tests"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "graphql", tmp_path)))},
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        pytest.fail(output.decode())
