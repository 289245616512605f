"""A place with a log and pages, for the tests of the engine."""

from collections.abc import AsyncIterator

import pytest

from app.embedded.postgres import Postgres
from tests.kit.servers import fresh_database
from tests.views.place import Place, opened


@pytest.fixture
async def place(postgres: Postgres) -> AsyncIterator[Place]:
    """An empty log in a database of its own, with no views."""
    async with fresh_database(postgres) as url, opened(url) as place:
        yield place
