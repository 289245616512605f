"""Reads that are shared by those who ask at a time."""

import asyncio
import gc
from contextlib import suppress
from traceback import walk_tb
from weakref import WeakSet

import pytest

from domain.kit.refusals import Invalid, NotFound, ViolationCode
from projections.kit.read.allowance import Spent, allow, allowance
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


class Input:
    """What somebody sent."""


async def test_a_failure_keeps_nothing_of_who_was_told() -> None:
    table, sent = Table(), WeakSet[Input]()
    shared = SharedReads(table.read)
    table.broken = True
    frames = list[int]()

    async def ask() -> None:
        sent.add(own := Input())
        try:
            await shared.get("a")
        except LookupError as error:
            frames.append(len(list(walk_tb(error.__traceback__))))
            assert own in sent

    gc.collect()
    gc.disable()
    try:
        asked = [asyncio.create_task(ask()) for _ in range(100)]
        await table.begun.wait()
        table.open.set()
        await asyncio.gather(*asked)
        del asked
        assert not list(sent)
    finally:
        gc.enable()
    assert len(frames) == 100
    assert max(frames) <= 3


@pytest.mark.parametrize(
    "error",
    [
        NotFound(field="source_id", what="source"),
        Invalid(field="name", reason="is too long", why=ViolationCode.TOO_LONG, maximum=3),
        Spent(5),
        FileNotFoundError(2, "No such file"),
        UnicodeDecodeError("utf-8", b"a", 0, 1, "no such byte"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_each_is_told_the_whole_failure(error: Exception) -> None:
    async def read(_: str) -> None:
        await asyncio.sleep(0)
        raise error

    shared = SharedReads(read)
    told = await asyncio.gather(*(shared.get("a") for _ in range(4)), return_exceptions=True)
    assert len(set(map(id, told))) >= 3
    assert {(type(each), str(each), repr(vars(each))) for each in told} == {
        (type(error), str(error), repr(vars(error)))
    }


async def test_a_read_is_spent_for_nobody() -> None:
    """What one of them may read does not limit what is read for all."""

    async def read(key: str) -> str:
        await asyncio.sleep(0)
        allowance().spend(1000)
        return key

    shared = SharedReads(read)

    async def ask(limit: int) -> str:
        allow(limit)
        found = await shared.get("a")
        allowance().spend(limit)
        return found

    assert await asyncio.gather(*(ask(limit) for limit in (10, 20, 5000, 10))) == ["a"] * 4


async def test_a_read_ends_with_who_reads() -> None:
    ended = asyncio.Event()

    async def read(_: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asking = asyncio.create_task(SharedReads(read).get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended.is_set()
