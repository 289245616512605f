"""Fixtures of the tests of tenants."""

from collections.abc import AsyncIterator

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.tenants.companies import Companies, companies_of


@pytest.fixture(scope="module")
async def companies(product: Product) -> AsyncIterator[Companies]:
    """Found tenants in the running product."""
    async with companies_of(product) as companies:
        yield companies


@pytest.fixture
async def client(companies: Companies) -> Client:
    """The owner of a tenant that only this test uses."""
    return await companies.founded()
