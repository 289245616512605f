"""The ``headwater`` command in the test's own process, on the test module's servers."""

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from app.cli.main import program
from app.settings import Settings


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document, which is of the command's own shape."""
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """Runs commands; they start an event loop of their own, so a test that uses it has none."""

    settings: Settings

    def __call__(self, *words: str) -> Ran:
        """Runs one command on a wide terminal, which a pipe is none of."""
        environment = {**self.settings.environ(), "COLUMNS": "240"}
        result = CliRunner().invoke(program(), words, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)
