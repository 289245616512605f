"""The log as lanes read it: a follower that hangs is followed anew."""

import asyncio
from collections.abc import AsyncIterator

from app.log.postgres import PostgresLog
from domain.kit.codec import PlainCodec
from domain.kit.log import Envelope
from projections.kit.background import running
from projections.kit.follow.pages import Pages
from tests.log.appends import append
from tests.views.place import Place


class _Hanging(PostgresLog):
    """A log whose first follower never gives anything, and whose head nobody may ask for but at the start."""

    begun = asks = 0

    async def head(self) -> int:
        self.asks += 1
        return await super().head()

    async def follow(self, *, after: int) -> AsyncIterator[list[Envelope]]:
        self.begun += 1
        if self.begun == 1:
            await asyncio.Event().wait()
        async for page in super().follow(after=after):
            yield page


async def test_who_beats_says_how_far_the_log_goes_and_a_follower_that_hangs_is_replaced(
    place: Place,
) -> None:
    log = _Hanging(place.database)
    pages = Pages(log, PlainCodec(), poll=3600)
    async with running(pages.run, name="pages"):
        async with asyncio.timeout(120):
            while not log.begun:  # noqa: ASYNC110
                await asyncio.sleep(0)
            head = await append(place.log, 1)
            for _ in range(3):
                pages.heard(head)
            assert (log.begun, pages.head) == (1, head - 1)
            pages.heard(head)
            (entry,) = await pages.after(head - 1, wait=120)
    assert entry.envelope.position == head
    assert log.asks == 2
    await log.close()
