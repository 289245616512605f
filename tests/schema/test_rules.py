"""The rules of graphql-eslint, on the schema and the documents; each exception stands in its configuration."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit import npm

pytestmark = pytest.mark.servers

RULES = Path(__file__).parent / "rules"
GRAPHQL = Path(__file__).parents[2] / "graphql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is published, beside the rules and the packages that know them."""
    shutil.copytree(GRAPHQL / "operations", tmp_path / "graphql" / "operations")
    shutil.copy(GRAPHQL / "schema.graphql", tmp_path / "graphql")
    shutil.copy(RULES / "eslint.config.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(npm.packages(RULES) / "node_modules")
    return tmp_path


def broken(folder: Path) -> tuple[int, list[str]]:
    """How many files were looked at, and each rule that one of them breaks, with the place."""
    command = [str(npm.NODE), "node_modules/eslint/bin/eslint.js", "--format=json", "graphql"]
    run = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    assert run.stdout, run.stderr
    files = json.loads(run.stdout)
    return len(files), [
        f"{Path(file['filePath']).name}:{message.get('line')}: {message['ruleId']}: {message['message']}"
        for file in files
        for message in file["messages"]
    ]


def test_the_schema_and_the_documents_keep_the_rules(folder: Path) -> None:
    looked_at, found = broken(folder)
    assert looked_at == 1 + len(list((GRAPHQL / "operations").rglob("*.graphql")))
    assert found == []


def test_what_breaks_them_is_found(folder: Path) -> None:
    with (folder / "graphql" / "schema.graphql").open("a") as schema:
        schema.write('type Thing { id: ID! }\n"""A list."""\ntype ThingConnection { edges: [Thing!]! }\n')
    for name, variables in (("one", ""), ("two", "($no: Int)")):
        document = folder / "graphql" / "operations" / f"{name}.graphql"
        document.write_text(f"query Again{variables} {{ me {{ __typename }} }}\n")
    found = " ".join(broken(folder)[1])
    for rule in (
        "require-description", "relay-connection-types", "no-unreachable-types",
        "unique-operation-name", "no-unused-variables",
    ):  # fmt: skip
        assert f"@graphql-eslint/{rule}" in found
