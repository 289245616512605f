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
        return len(await services_health(pool)) == 3

    try:
        await pool.execute(_OLD, [10, 2_000])
        async with telling(pool, "api", "eu", dead):
            async with telling(pool, "worker", "eu", strained):
                await until(told)
                api, gone, worker = await services_health(pool)
        assert (api.service, api.status, api.region) == ("api", "unavailable", "eu")
        assert (worker.service, worker.status, worker.errors) == ("worker", "degraded", 1)
        assert max(api.age, worker.age) < 60
        assert (gone.instance, gone.status) == ("gone:10", "silent")
        # Those that ended have said so.
        assert [each.instance for each in await services_health(pool)] == ["gone:10"]
    finally:
        await database.close()


async def test_a_process_warns_once_while_it_cannot_say_how_it_is(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    database = await Database.open(settings.database_url, secret=settings.secret, writers=1, readers=1)
    await database.close()
    looks = 0

    async def ready() -> str:
        nonlocal looks
        looks += 1
        return "ready"

    async with telling(database.writer, "api", "eu", ready, pause=0.001):
        await until(lambda: looks > 5)
    assert [record.levelname for record in caplog.records if "cannot be stored" in record.message] == [
        "WARNING"
    ]
