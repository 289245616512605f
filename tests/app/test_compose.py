"""docker-compose.yml is valid, and names only settings that exist."""

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest
import yaml

from app.settings import read_settings, settings_table
from app.storage.certificates import make_certificates

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


def test_readme_names_what_it_insists_on() -> None:
    insisted = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert len(insisted) == 3
    readme = (ROOT / "README.md").read_text().partition("**Containers.**")[2]
    assert [name for name in insisted if f"`{name}`" not in readme] == []


@pytest.mark.servers
def test_the_api_is_given_its_certificate_and_asked_by_the_scheme_that_it_speaks(
    compose: Any, tmp_path: Path
) -> None:
    service = compose["services"]["api"]
    assert {"HEADWATER_TLS_CERT", "HEADWATER_TLS_KEY"} <= set(service["environment"])
    _, python, option, script = service["healthcheck"]["test"]
    assert (python, option) == ("python", "-c")
    make_certificates(tmp_path, {"server": None})
    own = tmp_path / "server"
    for certificate in ("", str(own / "cert.pem")):
        with serving(Ready, certificate, str(own / "key.pem")) as port:
            asked = script.replace(":8000/", f":{port}/")
            environ = {"HEADWATER_TLS_CERT": certificate}
            assert subprocess.run([sys.executable, "-c", asked], env=environ, check=False).returncode == 0


class Ready(BaseHTTPRequestHandler):
    """Answers as the API does that is ready."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], certificate: str, key: str) -> Iterator[int]:
    """A server on a free port of the loopback, with TLS when there is a certificate; its port."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


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
