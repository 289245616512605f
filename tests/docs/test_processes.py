"""The processes that docs/processes.md builds are processes: put in their places, they pass their tests."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, files_of, page, pass_their_tests

PAGE = "docs/processes.md"

# In a process of its own, for what it declares is known to the whole process from then on.
WIRING = """
from pathlib import Path

import domain.processes

domain.processes.__path__.append(str(Path(__file__).parent / "domain/processes"))

import domain.processes.shops
"""


def test_the_paths_it_names_exist() -> None:
    named = set(re.findall(r"`((?:app|docs|domain|tests)/[\w/.-]+)`", page(PAGE)))
    assert [path for path in sorted(named - set(files_of(PAGE))) if not (ROOT / path).exists()] == []


@pytest.mark.servers
async def test_its_processes_pass_their_tests(tmp_path: Path) -> None:
    files = {**files_of(PAGE), "wiring.py": WIRING}
    assert len(files) == 4
    await pass_their_tests(files, tmp_path)
