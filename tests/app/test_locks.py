"""The lock files name versions and hashes, no address, and agree with one another."""

import re
from pathlib import Path

import pytest

LOCKS = Path(__file__).parents[2] / "requirements"


def _pins(name: str) -> dict[str, str]:
    return dict(
        re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^ \\]+)", (LOCKS / name).read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("name", ["run.lock", "dev.lock", "server.lock"])
def test_a_lock_contains_no_address(name: str) -> None:
    text = (LOCKS / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("name", ["run.lock", "server.lock"])
def test_a_smaller_lock_is_part_of_the_developers(name: str) -> None:
    assert _pins(name)
    assert _pins(name).items() <= _pins("dev.lock").items()
