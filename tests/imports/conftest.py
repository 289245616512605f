"""The product with what runs imports at work."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from app.gateway import admission
from app.storage.database import Database
from domain.gateway.import_runs import ImportRun
from tests.gateway.sending import Sender, a_source
from tests.imports.importing import Importer
from tests.kit.at_work import at_work
from tests.kit.client import Client
from tests.kit.product import Product


@pytest.fixture(scope="module")
async def worker(product: Product) -> AsyncIterator[Database]:
    """What runs imports, and believes nothing of a source that it read before; the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "_SECONDS", 0.0)
        async with at_work(product.settings, ImportRun, poll=0.02) as work:
            yield work.database


@pytest.fixture
async def shop(product: Product, client: Client) -> Sender:
    """A source in a tenant of its own."""
    return await a_source(product, client)


@pytest.fixture
async def importer(product: Product, worker: Database, client: Client, shop: Sender) -> Importer:
    """Somebody who imports files for a source of their own."""
    return Importer(product, client, UUID(shop.id))
