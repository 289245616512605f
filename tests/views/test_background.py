"""Tasks that are ended have ended, whatever becomes of the cancellation on its way."""

import asyncio

import pytest

from projections.kit.background import TaskStuck, end, happens, running
from tests.kit.processes import until


class _Deaf:
    """Tries again whatever fails, and fails in its clean-up: the first cancellations do not reach its caller."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self.at_it = asyncio.Event()

    async def run(self) -> None:
        while True:
            try:
                await self._step()
            except RuntimeError:
                self.lost -= 1

    async def _step(self) -> None:
        try:
            self.at_it.set()
            await asyncio.Event().wait()
        finally:
            if self.lost:
                raise RuntimeError("The rollback failed.")


async def test_a_task_whose_cancellation_was_lost_is_told_again() -> None:
    deaf = _Deaf(lost=3)
    task = asyncio.create_task(deaf.run())
    await deaf.at_it.wait()
    await end(task, None, patience=0.01)
    assert task.cancelled()
    assert deaf.lost == 0


async def test_who_waits_for_the_end_may_be_cancelled_and_the_tasks_are_told_once_more() -> None:
    deaf = _Deaf(lost=1)
    task = asyncio.create_task(deaf.run())
    await deaf.at_it.wait()
    waiting = asyncio.create_task(end(task, patience=1000))
    await until(lambda: not deaf.lost)
    waiting.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()


async def test_work_that_fails_is_told_of_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    begun = list[int]()

    async def fail_once() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise ValueError("at first")
        await asyncio.Event().wait()

    async with running(fail_once, name="toils"):
        await until(lambda: len(begun) == 2)
    (told,) = caplog.records
    assert (told.levelname, told.message) == ("ERROR", "The task toils failed and is restarted.")
    assert "ValueError: at first" in caplog.text


async def test_work_that_has_ended_is_not_begun_again_and_the_block_goes_on() -> None:
    begun = list[int]()

    async def work() -> None:
        begun.append(1)

    async with running(work, name="is done"):
        await until(lambda: bool(begun))
        await asyncio.sleep(0.01)
    assert begun == [1]


async def test_who_must_not_wait_on_is_told_that_a_task_does_not_end() -> None:
    deaf = _Deaf(lost=1)
    task = asyncio.create_task(deaf.run(), name="deaf")
    await deaf.at_it.wait()
    with pytest.raises(TaskStuck, match="deaf does not end"):
        await end(task, patience=0, once=True)
    await end(task, patience=0.01)
    assert task.cancelled()


async def test_a_wait_ends_with_the_event_or_with_its_time() -> None:
    event = asyncio.Event()
    assert not await happens(event, within=0)
    asyncio.get_running_loop().call_soon(event.set)
    assert await happens(event, within=1000)


async def test_a_cancellation_that_comes_with_the_event_is_not_lost() -> None:
    event = asyncio.Event()
    task = asyncio.create_task(happens(event, within=1000))
    await asyncio.sleep(0)
    event.set()
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
