"""House rules that can be checked: names that mean one thing, nouns for files, small files, small packages."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("app", "domain", "graphql", "projections")
NOUNS = {
    "encoding",
    "index_mapping",
    "masking",
    "matching",
    "pacing",
    "parking",
    "ring",
    "running",
    "staging",
    "tenant_provisioning",
    "tracing",
}
"""Names of files in -ing that are the field's nouns."""
SHARED = {"FreeTenantSlugs", "Order"}
"""Names of a command that tenants and operators each have, and of what is bought and how lists are sorted."""


def _files() -> list[Path]:
    return [file for floor in FLOORS for file in sorted((ROOT / floor).rglob("*.py"))]


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _classes() -> Iterator[tuple[str, str]]:
    """Public classes by name, with the file; a GraphQL type may be called as the thing that it shows."""
    for file in _files():
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, _name(file)


def test_a_class_has_its_name_for_itself() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for name, file in _classes():
        if not (file.startswith("graphql/api/") and not file.startswith("graphql/api/kit/")):
            found[name].append(file)
    assert {name for name, files in found.items() if len(files) > 1} == SHARED


@pytest.mark.parametrize("floor", [*FLOORS, "bench", "migrations", "tests"])
def test_files_fit_in_a_head(floor: str) -> None:
    long = {
        _name(file)
        for file in sorted((ROOT / floor).rglob("*.py"))
        if len(file.read_text().splitlines()) > 300
    }
    assert not long


def test_packages_fit_on_a_screen() -> None:
    modules: dict[str, int] = defaultdict(int)
    for file in _files():
        if file.name != "__init__.py":
            modules[_name(file.parent)] += 1
    assert {package for package, count in modules.items() if count > 20} == set()


def test_files_are_nouns() -> None:
    assert {file.stem for file in _files() if file.stem.endswith("ing")} == NOUNS


def test_an_init_holds_no_code() -> None:
    """Nothing but its docstring, imports, and constants that list what the package has."""
    allowed = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Expr
    for file in _files():
        if file.name == "__init__.py":
            for node in ast.parse(file.read_text()).body:
                assert isinstance(node, allowed), _name(file)
                assert not (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)), _name(
                    file
                )


def test_what_a_connection_raises_is_listed_once() -> None:
    """A list that lacks one of the driver's words ends a task of the background when the server says it."""
    listed = {
        _name(file)
        for file in _files()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Tuple)
        and {"PostgresError", "InterfaceError"} <= {getattr(each, "attr", "") for each in node.elts}
    }
    assert listed == {"projections/kit/connections.py"}


def test_no_test_waits_five_seconds_for_an_answer() -> None:
    """httpx waits that long by itself, which a busy machine may well take."""
    hasty = {
        f"{_name(file)}:{node.lineno}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "AsyncClient"
        and not {"timeout", "transport"} & {keyword.arg for keyword in node.keywords}
    }
    assert hasty == set()
