"""What processes say of themselves once a minute."""

import logging

import pytest

from app.settings import Settings
from app.storage.database import Database
from app.telemetry.service_health import services_health, telling
from tests.kit.processes import until

pytestmark = pytest.mark.servers
_OLD = """
insert into ops.service_health (service, instance, region, status, response_ms, errors, checked_at)
select 'worker', 'gone:' || minutes, 'eu', 'ready', 1, 0, clock_timestamp() - make_interval(mins => minutes)
  from unnest($1::int[]) as minutes
"""


async def test_each_process_says_how_it_is_and_goes_a_day_after_the_last_time(settings: Settings) -> None:
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    pool = database.writer

    async def strained() -> str:
        logging.getLogger("strained").error("Something broke.")
        return "degraded"

    async def dead() -> str:
        raise RuntimeError

    async def told() -> bool:
        return len(await services_health(pool)) == 2

    try:
        await pool.execute(_OLD, [10, 2_000])
        async with telling(pool, "api", "eu", dead):
            async with telling(pool, "worker", "eu", strained):
                await until(told)
        api, worker = await services_health(pool)
        assert (api.service, api.status, api.region) == ("api", "unavailable", "eu")
        assert (worker.service, worker.status, worker.errors) == ("worker", "degraded", 1)
        assert max(api.age, worker.age) < 60
        left = "select instance from ops.service_health where instance like 'gone%'"
        assert [row[0] for row in await pool.fetch(left)] == ["gone:10"]
    finally:
        await database.close()
