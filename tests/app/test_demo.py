"""The demo's history: as the story tells it, and in order of time, so that the past shows nothing younger."""

from datetime import UTC, datetime, timedelta

from app.composition.write_side import written
from app.demo.demo import BRIGHT
from app.demo.narration import tell
from app.demo.story import story
from app.settings import Settings
from domain.kit.log import Selection
from domain.work.task_commands import CreateTask
from projections.kit.read.as_of import RowsAsOf
from projections.work.tasks import Tasks

START = datetime(2030, 1, 1, tzinfo=UTC)
SIZE = 1_500


class Later:
    """A day long after the story."""

    def now(self) -> datetime:
        return START + timedelta(days=1_000)


async def test_what_was_at_a_time_is_what_had_been_told_by_then(settings: Settings) -> None:
    async with written(settings) as side:
        assert await tell(side.log, side.codec, BRIGHT, size=SIZE, start=START) == SIZE
        events = await side.log.read(limit=10 * SIZE, select=Selection(tenant_id=BRIGHT.id))
        times = [event.timestamp for event in events]
        assert times == sorted(times)
        steps = story(BRIGHT, START)[:SIZE]
        assert set(times) <= {step.at for step in steps}
        past = RowsAsOf(side.log, side.codec, clock=Later())
        for step in steps[400::100]:
            told = {
                earlier.command.id
                for earlier in steps
                if earlier.at <= step.at and isinstance(earlier.command, CreateTask)
            }
            assert {id for (id,) in (await past.all(Tasks, BRIGHT.id, step.at)).rows} == told


async def test_what_was_told_is_not_told_twice(settings: Settings) -> None:
    async with written(settings) as side:
        head = await side.log.head()
        assert await tell(side.log, side.codec, BRIGHT, size=SIZE) == 0
        assert await side.log.head() == head > SIZE // 2
