"""A rebuilder that stands still at a moment, for a test that kills it there or lets it go on.

``python -m tests.privacy.rebuilder_child MOMENT TEXT`` takes its settings from the environment. It stops
itself (SIGSTOP) once it has ``opened`` a sealed text that is TEXT and not written it yet, or has ``saved`` rows of
people; with no moment it works until there is nothing to rebuild. Printed is ``stopped``.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.contexts import VIEWS
from app.keys import KeyRing, SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.settings import read_settings
from app.storage.database import Database
from projections.identity.people import People
from projections.kit.declare.view import RowChanges
from projections.kit.follow.pages import Pages
from projections.kit.store.store import Checkpoint
from tests.privacy.estate import SealedHouse
from tests.views.place import Place


class _Moment:
    """Stands still once, the first time that it comes."""

    def __init__(self, wanted: str, text: str) -> None:
        self._wanted, self.text = wanted, text

    def come(self, what: str) -> None:
        """Stop the process when this is the moment."""
        if what == self._wanted:
            self._wanted = ""
            print("stopped", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)


class _NoticedKeys(KeyRing):
    moment: _Moment

    async def open(self, tenant_id: UUID, texts: Sequence[str]) -> list[str]:
        opened = await super().open(tenant_id, texts)
        if self.moment.text in opened:
            self.moment.come("opened")
        return opened


async def work(moment: _Moment) -> None:
    """Rebuild what is asked for."""
    settings = read_settings()
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret)
        stack.push_async_callback(database.close)
        ring = await stack.enter_async_context(opened_ring(settings, database))
        ring.__class__ = _NoticedKeys
        ring.moment = moment  # type: ignore[attr-defined]
        redis = await stack.enter_async_context(Redis.from_url(settings.redis_url))
        client = await stack.enter_async_context(AsyncOpenSearch(settings.opensearch_url))
        log = PostgresLog(database)
        stack.push_async_callback(log.close)
        place = Place(database, log, Pages(log, SealingCodec(ring)))
        views = [view() for view in VIEWS]
        house = SealedHouse(place, views, redis, client, settings.index_prefix, ring=ring)
        (people,) = (view for view in views if isinstance(view, People))
        generation = await database.writer.fetchval(
            "select max(generation) from ops.lanes where view = $1", people.name
        )
        store = house.store(people, generation)
        save = store.save

        async def saving(changes: RowChanges[Any], checkpoint: Checkpoint, after: int | None = None) -> None:
            await save(changes, checkpoint, after)
            moment.come("saved")

        store.save = saving  # type: ignore[method-assign]
        await house.rebuilder().run(idle=0.5)


if __name__ == "__main__":
    asyncio.run(work(_Moment(sys.argv[1], sys.argv[2])))
