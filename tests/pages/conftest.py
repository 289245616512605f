"""What tests of pages share."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.storage.database import Connection
from tests.kit.product import Product


@pytest.fixture
async def owner(product: Product) -> AsyncIterator[Connection]:
    """A connection that sees all."""
    connection = await asyncpg.connect(product.settings.database_url)
    yield connection
    await connection.close()
