"""docker-compose.yml is valid, and names only settings that exist."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from app.settings import settings_table

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_it_follows_the_compose_schema(compose: Any) -> None:
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    jsonschema.validate(compose, schema)


@pytest.mark.parametrize("file", ["docker-compose.yml", "Dockerfile"])
def test_every_setting_it_names_exists(file: str) -> None:
    named = set(re.findall(r"HEADWATER_[A-Z_]+", (ROOT / file).read_text()))
    assert named
    assert named <= {variable for variable, _, _ in settings_table()}


def test_every_service_has_limits(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name


def test_every_server_has_a_health_check_and_keeps_its_data(compose: Any) -> None:
    for name in ("postgres", "valkey", "opensearch"):
        assert "healthcheck" in compose["services"][name]
        assert compose["services"][name]["volumes"][0].partition(":")[0] in compose["volumes"]


def test_whatever_runs_on_has_a_health_check(compose: Any) -> None:
    runs_on = {name for name in compose["services"] if name != "migrate"}
    assert {name for name in runs_on if "healthcheck" not in compose["services"][name]} == set()


def test_what_it_copies_into_the_image_exists() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in kept if not (ROOT / name).exists()] == []
