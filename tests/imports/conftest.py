"""The product with what runs imports at work."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from app.composition.write_side import writing
from app.contexts import VIEWS
from app.entry.processes import Parts, enrolled, processes
from app.processes.runner import Runner
from app.storage.database import Database
from domain.gateway.import_runs import ImportRun
from projections.kit.background import running
from projections.kit.follow.pages import Pages
from projections.kit.read.live_generations import pointers
from tests.gateway.sending import Sender, a_source
from tests.imports.importing import Importer
from tests.kit.client import Client
from tests.kit.product import Product


@pytest.fixture(scope="module")
async def at_work(product: Product) -> AsyncIterator[Database]:
    """What runs imports; the database."""
    async with AsyncExitStack() as stack:
        settings = product.settings
        database = await Database.open(settings.database_url, secret=settings.secret, writers=6, readers=4)
        stack.push_async_callback(database.close)
        writes = await stack.enter_async_context(writing(settings, database))
        parts = Parts(
            settings=settings,
            database=database,
            log=writes.log,
            bus=writes.bus,
            opening=writes.ring,
            codec=writes.codec,
            live=await stack.enter_async_context(pointers(database.writer, VIEWS)),
        )
        own = [process for process in processes(parts) if isinstance(process, ImportRun)]
        pages = Pages(writes.log, writes.codec, poll=0.05)
        await stack.enter_async_context(running(pages.run, name="pages"))
        runner = Runner(
            await enrolled(database, own),
            database=database,
            log=writes.log,
            pages=pages,
            bus=writes.bus,
            poll=0.02,
        )
        await stack.enter_async_context(running(runner.run, name="processes"))
        yield database


@pytest.fixture
async def shop(product: Product, client: Client) -> Sender:
    """A source in a tenant of its own."""
    return await a_source(product, client)


@pytest.fixture
async def importer(product: Product, at_work: Database, client: Client, shop: Sender) -> Importer:
    """Somebody who imports files for a source of their own."""
    return Importer(product, client, UUID(shop.id))
