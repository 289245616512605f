"""The shape of the house: the given libraries and folders, and which floor may load what."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from app.contexts import VIEWS
from projections.kit.declare.postgres import PostgresView

ROOT = Path(__file__).parents[2]
FLOORS = ("app", "domain", "graphql", "projections")
GIVEN = {
    "strawberry-graphql": "strawberry",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "sqlalchemy": "sqlalchemy",
    "asyncpg": "asyncpg",
    "eventsourcing": "eventsourcing",
    "redis": "redis",
    "opensearch-py": "opensearchpy",
}
"""Libraries that the product was to be built on, with the module that each is imported as."""
HOUSE = {
    "pyproject.toml",
    "app",
    "domain",
    "projections",
    "graphql",
    "migrations",
    "tests",
    "docker-compose.yml",
}
TOOLS = {".ci", "bench", "docs", "requirements", "CHANGELOG.md", "Dockerfile", "Makefile", "README.md"}
TOOLS |= {".devcontainer", ".dockerignore", ".editorconfig", ".gitignore", ".pre-commit-config.yaml"}
TOOLS |= {"CONTRIBUTING.md", "SECURITY.md"}


def _project() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return {"": project["dependencies"], **extras}


def _imported(*folders: str) -> list[tuple[Path, str]]:
    return [imported for folder in folders for imported in _imports(folder)]


@cache
def _imports(folder: str) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found += ((file, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found.append((file, node.module))
    return found


@pytest.mark.parametrize("library", GIVEN)
def test_every_given_library_is_declared_and_imported(library: str) -> None:
    declared = {re.split(r"[\[<>=~]", requirement)[0] for requirement in _project()[""]}
    assert library in declared
    assert GIVEN[library] in {module.partition(".")[0] for _, module in _imported(*FLOORS)}


def test_tests_run_on_the_given_plugin() -> None:
    assert any(requirement.startswith("pytest-asyncio") for requirement in _project()["dev"])


def test_the_top_level_is_as_given() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    found = {name.partition("/")[0] for name in listed}
    assert found >= HOUSE
    assert found - HOUSE <= TOOLS


def test_queries_load_no_aggregate() -> None:
    """What reads looks at views; the repository of aggregates is for commands alone."""
    readers = _imported("projections", "graphql")
    assert [file.name for file, module in readers if module == "domain.kit.bus.repository"] == []


@pytest.mark.parametrize("floor", ["domain", "projections"])
def test_the_import_contracts_hold_for_every_context(floor: str) -> None:
    """By a pattern, so that a context that nobody has told them of could not import another one unseen."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    strangers = [contract for contract in contracts if contract.get("source_modules") == [f"{floor}.*"]]
    assert [contract["forbidden_modules"] for contract in strangers] == [[f"{floor}.*"]]
    excused = {
        imported.split(" -> ")[0].rpartition(".")[0] or imported
        for imported in strangers[0]["ignore_imports"]
    }
    assert excused <= {floor, "domain.processes"}


def test_the_schemas_of_the_seed_hold_views() -> None:
    schemas = {view.name.partition(".")[0] for view in VIEWS if issubclass(view, PostgresView)}
    assert schemas >= {"users", "tasks", "auth", "audit"}
