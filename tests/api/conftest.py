"""A server of the toy schema and a client for each module."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.toy import BEARER, Served, served


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Served]:
    """The toy schema, served with the default limits."""
    async with served() as running:
        yield running


@pytest.fixture(scope="module")
async def client(server: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `server` whose token is right."""
    async with httpx.AsyncClient(base_url=server.url, headers=BEARER, timeout=120) as connected:
        yield connected
