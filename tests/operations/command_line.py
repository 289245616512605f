"""The ``headwater`` command in the test's own process, on the test module's servers."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg
from typer._click import Command
from typer.testing import CliRunner

from app.cli.main import COMMANDS, loaded, program
from app.placement import registry
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
        """Run one command on a wide terminal, which a pipe is none of."""
        environment = {**self.settings.environ(), "COLUMNS": "240"}
        result = CliRunner().invoke(program(), words, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)


@cache
def commands() -> dict[str, Command]:
    """Every command that does something, by all of its words."""
    found: dict[str, Command] = {}
    waiting = [(name, loaded(name)) for name in COMMANDS]
    for words, command in waiting:
        inner: dict[str, Command] = getattr(command, "commands", {})
        waiting += [(f"{words} {name}", command) for name, command in inner.items()]
        if not inner or getattr(command, "invoke_without_command", False):
            found[words] = command
    return found


async def register(settings: Settings, tenant: UUID, slug: str) -> None:
    """Put a tenant into the registry that shares the platform's database."""
    async with asyncpg.create_pool(settings.database_url, min_size=1, max_size=1) as pool:
        await registry.add(pool, tenant, slug.title(), slug, "local", None, state="ready")
