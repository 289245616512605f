"""Commands of ``headwater`` as a test types them, beside a product that goes on running."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import typer
from typer.testing import CliRunner

from app.cli.replay import replay
from app.cli.views_show import show
from app.settings import Settings

_app = typer.Typer()
_app.command("replay")(replay)
_app.command("show")(show)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    said: str
    complained: str

    @property
    def json(self) -> Any:
        """Its one document."""
        return json.loads(self.said)


async def ran(settings: Settings, *words: object) -> Ran:
    """Runs a command to its end, on another thread, for it has an event loop of its own."""
    run = CliRunner().invoke
    done = await asyncio.to_thread(run, _app, [str(word) for word in words], env=settings.environ())
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)
