"""A rebuilder whose work does not end though it is cancelled."""

import asyncio
import contextlib

import pytest

from app.entry.rebuilder import FromLog
from projections.kit.background import TaskStuck
from projections.kit.rebuild.model import RebuildState
from tests.rebuild.rebuilding import House, some_events
from tests.views.place import Place
from tests.views.toys import Jars


async def test_what_hangs_when_the_session_is_lost_ends_the_rebuilder_and_the_next_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited with it would build nothing any more, and nobody would hear of it."""
    monkeypatch.setattr("projections.kit.background._PATIENCE", 0.05)
    begun, freed = asyncio.Event(), asyncio.Event()

    async def hangs(self: object, *_: object, **__: object) -> None:
        begun.set()
        while not freed.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await freed.wait()

    monkeypatch.setattr(FromLog, "__call__", hangs)
    house = House(place, (Jars(),))
    await house.enroll()
    await some_events(place, 4)
    id = await house.rebuilds.ask([Jars.name], by="test")
    running = asyncio.create_task(house.rebuilder().run())
    try:
        async with asyncio.timeout(120):
            await begun.wait()
            await place.database.writer.execute(
                "select pg_terminate_backend(pid) from ops.workers where kind = 'rebuilder'"
            )
            with pytest.raises(TaskStuck, match=r"build toys\.jars does not end"):
                await running
    finally:
        freed.set()
    monkeypatch.undo()
    async with house.working():
        assert (await house.ended(id)).state is RebuildState.SWITCHED
