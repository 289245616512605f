"""The benchmarks can be loaded, and docs/performance.md names each of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from tests.docs.pages import ROOT, page

PAGE = "docs/performance.md"
MODULES = sorted(path.stem for path in Path(bench.__path__[0]).glob("*.py") if path.stem != "__init__")

# In a process of its own, for the views that the benchmarks declare are none of the product's.
LOOK = """
import importlib, sys
for name in sys.argv[1:]:
    module = importlib.import_module(f"bench.{name}")
    print(name if (module.__doc__ or "").strip() else f"{name} has no docstring")
"""


@pytest.mark.servers
def test_every_module_loads_and_says_what_it_is() -> None:
    look = [sys.executable, "-c", LOOK, *MODULES]
    run = subprocess.run(look, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stdout.split("\n")[:-1] == MODULES, run.stderr


def test_the_page_names_every_benchmark() -> None:
    listed = re.findall(r"^\| `python -m bench\.(\w+)` \|", page(PAGE), re.MULTILINE)
    assert sorted(listed) == bench.names()


def test_what_is_no_benchmark_is_there() -> None:
    assert set(bench.SHARED) <= set(MODULES)
