"""The parts of signing in behind the product, for tests that look behind its doors."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.database import Connection
from app.settings import Settings


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[Connection]:
    """A connection that sees all."""
    connection = await asyncpg.connect(settings.database_url)
    yield connection
    await connection.close()
