"""docker-compose.yml is valid, and names only settings that exist."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from app.settings import read_settings, settings_table

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
    runs_on = {name for name in compose["services"] if name not in ("migrate", "certificates")}
    assert {name for name in runs_on if "healthcheck" not in compose["services"][name]} == set()


def test_what_it_copies_into_the_image_exists() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in kept if not (ROOT / name).exists()] == []


def test_the_api_starts_with_what_it_is_given(compose: Any) -> None:
    """In production, where an address in the clear is refused."""
    environ = dict(compose["services"]["api"]["environment"])
    text = json.dumps(environ)
    text = re.sub(r"\$\{[A-Z_]*URL:\?[^}]*\}", "https://headwater.example", text)
    text = re.sub(r"\$\{[A-Z_]+:\?[^}]*\}", "0123456789" * 4, text)
    text = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text)
    settings = read_settings(json.loads(text))
    assert settings.environment == "production"
    assert settings.internal_tls == "auto"


def test_every_server_has_a_certificate_for_its_name_and_each_its_own_key(compose: Any) -> None:
    services = compose["services"]
    certified = {name.partition(":")[0] for name in services["certificates"]["command"][2:]}
    assert certified == {"postgres", "valkey", "opensearch"}
    for name in certified:
        assert f"tls-{name}:/tls/{name}" in services["certificates"]["volumes"]
        (mounted,) = [volume for volume in services[name]["volumes"] if volume.startswith("tls-")]
        assert mounted.startswith(f"tls-{name}:")
        assert mounted.endswith(":ro")
        assert "certificates" in services[name]["depends_on"]
