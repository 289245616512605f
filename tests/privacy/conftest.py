"""An estate for each module: a database, a keyspace, search indexes and a data folder of its own."""

from collections.abc import AsyncIterator

import pytest

from app.embedded.postgres import Postgres
from app.embedded.valkey import Valkey
from app.settings import Settings
from tests.kit.servers import SECRET, fresh_database, fresh_keyspace, fresh_prefix
from tests.privacy.estate import Estate, opened_estate


@pytest.fixture(scope="module")
async def estate_settings(
    postgres: Postgres, valkey: Valkey, osmem_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Settings]:
    async with fresh_database(postgres, with_views=True) as url, fresh_keyspace(valkey.url) as redis:
        yield Settings(
            database_url=url,
            redis_url=redis,
            opensearch_url=osmem_url,
            index_prefix=fresh_prefix(),
            secret=SECRET,
            data_dir=tmp_path_factory.mktemp("privacy"),
        )


@pytest.fixture(scope="module")
async def estate(estate_settings: Settings) -> AsyncIterator[Estate]:
    async with opened_estate(estate_settings) as estate:
        yield estate
