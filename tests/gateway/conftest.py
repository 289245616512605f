"""What the tests of the gateway begin with."""

import pytest

from tests.gateway.sending import Sender, a_source
from tests.kit.client import Client
from tests.kit.product import Product


@pytest.fixture
async def shop(product: Product, client: Client) -> Sender:
    """A source in a tenant of its own."""
    return await a_source(product, client)
