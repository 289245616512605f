"""``headwater privacy``: what operators do for people, with workers at work and without."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.settings import Settings
from tests.operations.command_line import CommandLine


@pytest.fixture
def headwater(settings: Settings) -> CommandLine:
    return CommandLine(settings)


def test_an_erasure_that_nobody_works_on_is_asked_for(headwater: CommandLine) -> None:
    tenant, person = uuid4(), uuid4()
    asked = headwater("privacy", "erase", str(tenant), str(person), "--yes", "--wait", "0")
    assert asked.code == 0, asked.err
    assert asked.out.startswith("It is asked for")
    again = headwater("privacy", "erase", str(tenant), str(person), "--yes", "--wait", "0", "--json")
    assert (again.code, again.json["refused"]["code"]) == (1, "already_exists")


def test_asks_before_it_forgets_somebody(headwater: CommandLine) -> None:
    ran = headwater("privacy", "erase", str(uuid4()), str(uuid4()))
    assert ran.code == 1
    assert "cannot be undone" in ran.err


def test_an_export_says_its_id(headwater: CommandLine, tmp_path: Path) -> None:
    ran = headwater(
        *("privacy", "export", str(uuid4()), str(uuid4()), "--wait", "0", "--json"),
        *("--out", str(tmp_path / "out.json")),
    )
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert str(UUID(said["export"])) == said["export"]
    assert said["state"] == "running"
    assert not (tmp_path / "out.json").exists()


def test_a_tenant_where_nobody_was_forgotten_has_no_certificates(headwater: CommandLine) -> None:
    ran = headwater("privacy", "certificates", str(uuid4()), "--json")
    assert (ran.code, ran.out) == (0, "")
