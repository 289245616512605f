"""The product with what runs imports at work."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from app.files.factory import object_store
from app.gateway import admission
from app.storage.database import Database
from domain.gateway.exports.event_export_runs import EventExportRun
from domain.gateway.import_runs import ImportRun
from domain.kit.bus.bus import Bus
from projections.kit.read.status import Positions
from tests.gateway.sending import Sender, a_source
from tests.imports.exporting import Files, Writer, employed
from tests.imports.importing import Importer
from tests.kit.at_work import AtWork, at_work
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


@pytest.fixture(scope="module")
async def work(product: Product) -> AsyncIterator[AtWork]:
    """What writes files."""
    async with at_work(product.settings, EventExportRun, poll=0.02) as work:
        yield work


@pytest.fixture
def bus(work: AtWork) -> Bus:
    """The bus of what writes files."""
    return work.writes.bus


@pytest.fixture
async def writer(product: Product, work: AtWork) -> Writer:
    """Somebody of a company of their own who may read all."""
    client = await employed(product, work.writes.bus, "owner")
    files = Files(object_store(product.settings), work.writes.ring)
    return Writer(work, product, client, files, Positions(work.database.writer, work.live))
