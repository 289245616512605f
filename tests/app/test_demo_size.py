"""How large the demo is made."""

from dataclasses import replace
from datetime import UTC, datetime

from api.kit.schema.live.messages import MOST_ROWS
from app.composition.write_side import written
from app.demo.demo import BRIGHT, SMALL, ensure_demo
from app.demo.story import story
from app.settings import Settings
from domain.kit.log import Selection
from domain.work.task_commands import CreateTask
from tests.docs.pages import blocks


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


def test_what_the_clients_of_the_pages_follow_of_it_is_sent_as_one_state() -> None:
    """They follow the tasks of no project, and of more than there may be they would be told of none."""
    (documents,) = (
        block.text for block in blocks("docs/clients.md", "js") if "// documents.mjs" in block.text
    )
    assert "filter: {projectId: {isNull: true}}, initial: true" in documents
    told = [step.command for step in story(BRIGHT, datetime(2026, 1, 1, tzinfo=UTC))]
    alone = {each.id for each in told if isinstance(each, CreateTask) and each.project_id is None}
    assert 0 < len(alone) < MOST_ROWS
