"""The two tenants of each module: what one does in them would change what another finds."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from app.embedded.postgres import Postgres
from app.embedded.valkey import Valkey
from app.settings import Settings
from tests.kit import servers
from tests.kit.product import produced
from tests.tenancy.scene import Scene, staged


@pytest.fixture(scope="module")
async def scene(
    postgres: Postgres, valkey: Valkey, opensearch_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """The product with both tenants in it."""
    async with AsyncExitStack() as stack:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("data"),
            database_url=await stack.enter_async_context(servers.fresh_database(postgres, with_views=True)),
            redis_url=await stack.enter_async_context(servers.fresh_keyspace(valkey.url)),
            secret=servers.SECRET,
            max_subscriptions_each=5_000,
            max_subscriptions_tenant=50_000,
        )
        product = await stack.enter_async_context(
            produced(settings, opensearch_url=opensearch_url, index_prefix=servers.fresh_prefix())
        )
        yield await staged(product)
