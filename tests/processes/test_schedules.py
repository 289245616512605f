"""Effects with a schedule, notes between tries, and queues that have their turns."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.kit.bus.bus import Bus
from domain.kit.process.effects import Call, Done, Effect, EffectFailed, Policy, Then
from domain.kit.process.process import Process, on, performs, when_done, when_failed
from tests.domain.toys import Account
from tests.kit.processes import until
from tests.processes.working import SetClock, Works, pay


@dataclass(frozen=True)
class Sums:
    """What was posted of a destination."""

    posted: int = 0


class Posts(Process[Sums], name="toys.posts", version=1):
    """Posts each payment to a destination that its amount says: the tens."""

    slots = 8
    slots_each = 2

    class Post(Effect, schedule=(0, 5, 36_000), timeout=5):
        amount: int

        @property
        def instance(self) -> str:
            return f"{self.amount // 10}/{self.amount}"

    def __init__(self) -> None:
        self.under_way: list[int] = []
        self.posted: list[int] = []
        self.notes: list[Any] = []
        self.fails: set[int] = set()
        self.after = 0.0
        self.open = asyncio.Event()
        self.open.set()

    @on(Account.Paid)
    def paid(self, state: Sums | None, event: Account.Paid) -> Then[Sums]:
        return Then(state or Sums(), self.Post(amount=event.amount))

    @when_done(Post)
    def was_posted(self, state: Sums | None, done: "Done[Posts.Post]") -> Then[Sums]:
        return Then(Sums(posted=(state.posted if state else 0) + 1))

    @when_failed(Post)
    def was_not(self, state: Sums | None, failed: object) -> Then[Sums]:
        return Then(Sums(posted=-1))

    @performs(Post)
    async def post(self, effect: Post, call: Call[Sums]) -> list[str]:
        self.notes.append(call.note)
        self.under_way.append(effect.amount)
        try:
            await self.open.wait()
        finally:
            self.under_way.remove(effect.amount)
        if effect.amount in self.fails:
            raise EffectFailed("busy", after=self.after, note=[*(call.note or ()), f"try {call.attempt}"])
        self.posted.append(effect.amount)
        return [*(call.note or ()), "posted"]


async def _next(works: Works) -> list[timedelta]:
    rows = await works.rows(
        "select next_at from processes.ledger where status = 'pending' and attempts > 0 order by id"
    )
    return [at - works.clock.moment for (at,) in rows]


async def _waits(works: Works) -> timedelta:
    async def waiting() -> bool:
        return len(await _next(works)) == 1

    await until(waiting)
    return (await _next(works))[0]


async def test_waits_as_the_schedule_says_and_hears_what_the_last_try_noted(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    posts = Posts()
    posts.fails = {7}
    await works.start(posts)
    await pay(bus, 7)
    assert timedelta(seconds=5) <= await _waits(works) <= timedelta(seconds=5.5)
    clock.pass_(seconds=6)
    await until(lambda: len(posts.notes) == 2)
    assert timedelta(hours=10) <= await _waits(works) <= timedelta(hours=11)
    # It is not taken for a moment that was set by another clock.
    await asyncio.sleep(0.2)
    assert len(posts.notes) == 2
    clock.pass_(hours=11)
    await works.quiet()
    assert posts.notes == [None, ["try 1"], ["try 1", "try 2"]]
    ledger = await works.rows("select status, error, result::text, instance from processes.ledger")
    assert ledger == [("failed", "busy", '["try 1", "try 2", "try 3"]', "0/7")]
    assert await works.rows(
        "select instance, state::text from processes.instances where instance = '0/7'"
    ) == [("0/7", '{"posted": -1}')]


async def test_waits_longer_when_the_other_side_says_so_but_not_for_ever(works: Works, bus: Bus) -> None:
    posts = Posts()
    posts.fails, posts.after = {7}, 60.0
    await works.start(posts)
    await pay(bus, 7)
    assert await _waits(works) == timedelta(seconds=60)
    posts.after = 10.0**9
    works.clock.pass_(seconds=60)
    await until(lambda: len(posts.notes) == 2)
    assert await _waits(works) <= timedelta(hours=11)


async def test_one_queue_that_is_stuck_holds_up_no_other(works: Works, bus: Bus) -> None:
    posts = Posts()
    posts.open.clear()
    await works.start(posts)
    account = await pay(bus, *range(10, 20))
    await until(lambda: len(posts.under_way) == 2)
    await pay(bus, 21, 31, account=account)
    await until(lambda: len(posts.under_way) == 4)
    assert sorted(posts.under_way) == [10, 11, 21, 31]
    posts.open.set()
    await works.quiet()
    assert sorted(posts.posted) == [*range(10, 20), 21, 31]


async def test_tenants_take_turns_whatever_their_queues(works: Works, bus: Bus) -> None:
    posts = Posts()
    posts.open.clear()
    await works.start(posts)
    await pay(bus, *(number * 10 for number in range(1, 10)))
    await until(lambda: len(posts.under_way) == 8)
    posts.open.set()
    await works.quiet()
    assert len(posts.posted) == 9


def test_a_schedule_names_the_pause_before_each_try() -> None:
    policy = Posts.Post.policy
    assert policy == Policy(attempts=3, timeout=5, schedule=(0, 5, 36_000))
    assert [policy.pause_after(attempts) for attempts in (1, 2)] == [5, 36_000]
