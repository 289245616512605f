"""Reads that are shared by those who ask at a time."""

import asyncio
from contextlib import suppress

import pytest

from projections.kit.shared_reads import SharedReads


class Table:
    """A value that is read only when it is let go on."""

    def __init__(self) -> None:
        self.value = self.reads = 0
        self.broken = False
        self.open, self.begun = asyncio.Event(), asyncio.Event()

    async def read(self, key: str) -> tuple[str, int]:
        self.reads += 1
        found, broken = self.value, self.broken
        self.begun.set()
        await self.open.wait()
        if broken:
            raise LookupError(key)
        return key, found


async def test_who_asks_during_a_read_shares_the_next_one() -> None:
    table = Table()
    shared = SharedReads(table.read)
    first = asyncio.create_task(shared.get("a"))
    await table.begun.wait()
    table.value = 1
    # What the first read found is older than these questions.
    later = [asyncio.create_task(shared.get("a")) for _ in range(20)]
    other = asyncio.create_task(shared.get("b"))
    await asyncio.sleep(0)
    table.open.set()
    assert await first == ("a", 0)
    assert await asyncio.gather(*later) == [("a", 1)] * 20
    assert await other == ("b", 1)
    assert table.reads == 3
    # Nothing is kept.
    table.value = 2
    assert await shared.get("a") == ("a", 2)


async def test_a_failure_is_everybodys_who_shared_it_and_nobodys_afterwards() -> None:
    table = Table()
    shared = SharedReads(table.read)
    first = asyncio.create_task(shared.get("a"))
    await table.begun.wait()
    table.broken = True
    later = [asyncio.create_task(shared.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    table.open.set()
    assert await first == ("a", 0)
    found = await asyncio.gather(*later, return_exceptions=True)
    assert [type(each) for each in found] == [LookupError] * 5
    assert table.reads == 2
    table.broken = False
    assert await shared.get("a") == ("a", 0)


@pytest.mark.parametrize("reading", [True, False])
async def test_who_goes_away_takes_nothing_from_the_others(*, reading: bool) -> None:
    """Whether they were reading for the others, or waited."""
    table = Table()
    shared = SharedReads(table.read)
    asked = [asyncio.create_task(shared.get("a")) for _ in range(4)]
    await table.begun.wait()
    await asyncio.sleep(0)
    gone = asked.pop(0 if reading else 1)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    table.open.set()
    assert await asyncio.gather(*asked) == [("a", 0)] * 3
