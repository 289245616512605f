"""The parts of an API process for tests that send commands and read rows without HTTP."""

from collections.abc import AsyncIterator

import pytest

from api.kit.schema.context import Services
from app.entry.assembly import assembled
from app.settings import Settings


@pytest.fixture(scope="module")
async def services(settings: Settings) -> AsyncIterator[Services]:
    """Bus and readers on this module's own stores; no worker runs, so only inline views are there."""
    async with assembled(settings) as assembly:
        yield assembly.services
