"""The work of tenants and callers takes turns."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from api.kit.execution.errors import RequestError
from api.kit.execution.turns import Turns


class _Line:
    """Operations that wait for a turn, in the order in which they get it."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.begun: list[str] = []
        self._gates: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, weight: int = 1) -> None:
        """Ask for a turn: the first letter is the tenant, the second the caller."""
        self._gates[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, weight))
        await asyncio.sleep(0)

    async def end(self, name: str) -> None:
        """End an operation that has begun."""
        self._gates[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def end_all(self) -> list[str]:
        """End them in the order in which they began; that order."""
        while open_ := [name for name in self.begun if not self.tasks[name].done()]:
            await self.end(open_[0])
        return self.begun

    async def _run(self, name: str, weight: int) -> None:
        async with self.turns.of(name[0], name[1], weight):
            self.begun.append(name)
            await self._gates[name].wait()


async def test_tenants_are_served_in_turn_and_so_are_the_callers_of_each() -> None:
    line = _Line(Turns(room=1, share=1, most_waiting=10))
    for name in ("aa1", "aa2", "aa3", "aa4", "ab1", "bc1", "bc2", "cd1"):
        await line.ask(name)
    assert await line.end_all() == ["aa1", "aa2", "bc1", "cd1", "ab1", "bc2", "aa3", "aa4"]


async def test_one_caller_holds_no_more_than_a_share() -> None:
    line = _Line(Turns(room=10, share=2, most_waiting=10))
    for name in ("aa1", "aa2", "aa3", "ab1"):
        await line.ask(name)
    assert line.begun == ["aa1", "aa2", "ab1"]
    await line.end("aa1")
    assert line.begun == ["aa1", "aa2", "ab1", "aa3"]
    assert await line.end_all() == ["aa1", "aa2", "ab1", "aa3"]


async def test_what_is_heavier_than_a_share_takes_a_whole_one() -> None:
    line = _Line(Turns(room=10, share=3, most_waiting=10))
    await line.ask("aa1", weight=1_000)
    await line.ask("aa2")
    assert line.begun == ["aa1"]
    assert await line.end_all() == ["aa1", "aa2"]


async def test_nobody_lighter_slips_past_who_waits_for_room() -> None:
    line = _Line(Turns(room=4, share=4, most_waiting=10))
    for name, weight in (("aa1", 2), ("bb1", 4), ("cc1", 1)):
        await line.ask(name, weight)
    assert line.begun == ["aa1"]
    assert await line.end_all() == ["aa1", "bb1", "cc1"]


async def test_an_answer_on_its_way_counts_for_its_caller_alone() -> None:
    turns = Turns(room=4, share=4, most_waiting=10)
    line = _Line(turns)
    async with turns.of("a", "a", 4) as turn:
        turn.answered(3)
        await line.ask("bb1", weight=4)
        await line.ask("aa2", weight=2)
        assert line.begun == ["bb1"]
        await line.end("bb1")
        assert line.begun == ["bb1"]
    await asyncio.sleep(0)
    assert await line.end_all() == ["bb1", "aa2"]


async def test_who_has_too_much_waiting_is_refused_and_others_are_not() -> None:
    turns = Turns(room=1, share=1, most_waiting=2)
    line = _Line(turns)
    for name in ("aa1", "aa2", "aa3", "bb1"):
        await line.ask(name)
    with pytest.raises(RequestError) as refused:
        async with turns.of("a", "a", 1):
            pass
    assert (refused.value.status, refused.value.headers) == (
        429,
        {"retry-after": "1", "ratelimit": '"operations";r=0;t=1'},
    )
    assert await line.end_all() == ["aa1", "aa2", "bb1", "aa3"]


async def test_who_leaves_while_waiting_keeps_nobody_waiting() -> None:
    line = _Line(Turns(room=4, share=4, most_waiting=10))
    for name, weight in (("aa1", 2), ("bb1", 4), ("cc1", 1)):
        await line.ask(name, weight)
    line.tasks["bb1"].cancel()
    await asyncio.wait([line.tasks["bb1"]])
    assert line.begun == ["aa1", "cc1"]
    assert await line.end_all() == ["aa1", "cc1"]


async def test_nothing_is_kept_of_those_who_are_done() -> None:
    turns = Turns(room=2, share=1, most_waiting=10)
    line = _Line(turns)
    async with AsyncExitStack() as stack:
        for n in range(2):
            await stack.enter_async_context(turns.of(n, n, 1))
        await line.ask("cc1")
        assert len(turns) == 3
        line.tasks["cc1"].cancel()
        await asyncio.wait([line.tasks["cc1"]])
        assert len(turns) == 2
    assert len(turns) == 0


async def test_who_leaves_at_the_same_moment_keeps_nobody_waiting() -> None:
    turns = Turns(room=1, share=1, most_waiting=10)
    line = _Line(turns)
    for name in ("aa1", "bb1", "cc1"):
        await line.ask(name)
    for name in ("aa1", "bb1"):
        line.tasks[name].cancel()
    ended = await asyncio.gather(line.tasks["aa1"], line.tasks["bb1"], return_exceptions=True)
    assert [type(error) for error in ended] == [asyncio.CancelledError] * 2
    await asyncio.sleep(0)
    assert line.begun == ["aa1", "cc1"]
    await line.end("cc1")
    assert len(turns) == 0
