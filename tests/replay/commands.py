"""Commands of ``headwater`` as a test types them, beside a product that goes on running."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from app.settings import Settings
from tests.operations.command_line import CommandLine


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
    """Run a command to its end, on another thread, for it has an event loop of its own."""
    typed = [str(word) for word in words]
    done = await asyncio.to_thread(CommandLine(settings), *(["views"] if typed[0] == "show" else []), *typed)
    return Ran(done.code, done.out, done.err)
