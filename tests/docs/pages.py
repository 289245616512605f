"""Pages of the documentation as tests read them: fenced blocks, under which heading, in which language."""

import ast
import asyncio
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the heading it stands under."""

    language: str
    text: str
    heading: str


def page(name: str) -> str:
    """The text of a page; ``name`` is its path in the repository."""
    return (ROOT / name).read_text()


def blocks(name: str, *languages: str) -> list[Block]:
    """A page's blocks in these languages, in order."""
    text = page(name)
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(text)]
    return [
        Block(found[1], found[2], next((title for at, title in reversed(headings) if at < found.start()), ""))
        for found in _FENCE.finditer(text)
        if found[1] in languages
    ]


def files_of(name: str) -> dict[str, str]:
    """The files that a page shows, by the path that the heading above each names."""
    found = {}
    for block in blocks(name, "python"):
        (path,) = re.findall(r"`([\w/]+\.py)`", block.heading)
        found[path] = block.text
    return found


async def pass_their_tests(files: Mapping[str, str], folder: Path, *plugins: str) -> None:
    """Put the files into a folder and run the tests among them; fail with what pytest says when one fails.

    ``wiring.py`` is loaded first: it makes the files part of the product's packages. All this is in a process of
    its own, which alone knows from then on what they declare.
    """
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    loaded = [part for plugin in ("wiring", *plugins, "no:cacheprovider") for part in ("-p", plugin)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", "--quiet", "--config-file", ROOT / "pyproject.toml", "--rootdir", folder),
        *loaded,
        folder / "tests",
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "graphql", folder)))},
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        pytest.fail(output.decode())


def named_tests(text: str) -> list[tuple[str, str]]:
    """The tests that a text names as `tests/path.py::test_name`: file and function."""
    return sorted(set(_TEST.findall(text)))


def missing_tests(path: str, named: Iterable[tuple[str, str]]) -> set[str]:
    """Those of the named tests of the file ``path`` that are not in it."""
    return {name for where, name in named if where == path} - _tests_of(path)


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    functions = (
        statement for statement in tree.body if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(function.name for function in functions if function.name.startswith("test_"))
