"""How large the demo is made."""

from dataclasses import replace

from app.composition.write_side import written
from app.demo.demo import BRIGHT, SMALL, ensure_demo
from app.settings import Settings
from domain.kit.log import Selection


async def test_a_demo_is_as_large_as_the_settings_say_and_stays_so(settings: Settings) -> None:
    few = replace(settings, demo_tasks=7)
    await ensure_demo(few)
    async with written(few) as side:
        created = {
            company.slug: sum(
                event.type == "work.task.created"
                for event in await side.log.read(limit=5_000, select=Selection(tenant_id=company.id))
            )
            for company in (BRIGHT, SMALL)
        }
        assert created == {"brightside": 7, "northwind": 7}
        head = await side.log.head()
        # What it was made with may have gone from the environment by the next start.
        await ensure_demo(replace(settings, demo_tasks=9))
        assert await side.log.head() == head
