"""Fixtures for what operators use."""

import pytest

from app.settings import Settings
from tests.operations.command_line import CommandLine


@pytest.fixture(scope="module")
def headwater(settings: Settings) -> CommandLine:
    """The ``headwater`` command on this module's servers, where somebody has been before."""
    command = CommandLine(settings)
    assert command("rebuilds").code == 0
    return command
