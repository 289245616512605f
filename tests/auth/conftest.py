"""The parts of signing in behind the product, for tests that look behind its doors."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.settings import Settings
from app.storage.database import Connection


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[Connection]:
    """A connection that sees all."""
    connection = await asyncpg.connect(settings.database_url)
    yield connection
    await connection.close()
