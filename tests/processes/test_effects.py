"""Effects happen once: tried again when they fail, cut off when they hang, parked when it is of no use."""

import asyncio
from datetime import timedelta

from app.telemetry.process_status import EffectLedger, ailment, process_statuses
from domain.kit.bus.bus import Bus
from domain.kit.process.effects import Call, EffectRefused
from tests.domain.sending import accepted, an_account
from tests.domain.toys import NoteAccount
from tests.kit.processes import until
from tests.processes.outside import Outside, Trouble
from tests.processes.toys import Heard, Thanks
from tests.processes.working import SetClock, Works, pay


async def test_does_an_effect_once(works: Works, bus: Bus) -> None:
    outside = Outside()
    await works.start(Thanks(outside))
    await pay(bus, 1, 2)
    await works.quiet()
    assert outside.calls == [("thanks for 1", 1), ("thanks for 2", 1)]


async def test_does_nothing_about_what_was_before_it_was_enrolled(works: Works, bus: Bus) -> None:
    account = await pay(bus, 1)
    outside = Outside()
    await works.start(Thanks(outside))
    await pay(bus, 2, account=account)
    await works.quiet()
    assert outside.deeds == ["thanks for 2"]


async def test_goes_on_where_it_was(works: Works, bus: Bus) -> None:
    outside = Outside()
    await works.stop(await works.start(Thanks(outside)))
    await pay(bus, 1)
    await works.stop(await works.start(Thanks(outside)))
    await works.start(Thanks(outside))
    await works.quiet()
    assert outside.calls == [("thanks for 1", 1)]


async def test_tries_again_what_fails(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()

    async def fail_twice(what: str, call: Call[object]) -> None:
        if call.attempt < 3:
            raise ConnectionError("busy")

    outside.trouble, clock.tick = fail_twice, 1
    await works.start(Thanks(outside))
    await pay(bus, 1)
    await works.quiet()
    assert outside.calls == [("thanks for 1", 1), ("thanks for 1", 2), ("thanks for 1", 3)]
    assert outside.deeds == ["thanks for 1"]


async def test_waits_between_two_tries(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _refuse_connections
    await works.start(Thanks(outside))
    await pay(bus, 1)

    async def tried() -> bool:
        return bool(await EffectLedger(works.database.writer).list(statuses=["pending"])) and bool(
            outside.calls
        )

    await until(tried)
    [tries] = await EffectLedger(works.database.writer).list()
    assert (tries.next_at - clock.now(), tries.attempts) == (timedelta(seconds=0.01), 1)


async def _refuse_connections(what: str, call: Call[object]) -> None:
    raise ConnectionError("gone")


async def test_cuts_off_what_hangs(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()

    async def hang_once(what: str, call: Call[object]) -> None:
        if call.attempt == 1:
            await asyncio.Event().wait()

    outside.trouble, clock.tick = hang_once, 1
    await works.start(Thanks(outside))
    await pay(bus, 1)
    await works.quiet()
    assert outside.calls == [("thanks for 1", 1), ("thanks for 1", 2)]


async def test_goes_on_without_a_call_that_cannot_be_cut_off(works: Works, bus: Bus, clock: SetClock) -> None:
    outside, over = Outside(), asyncio.Event()

    async def ignore(what: str, call: Call[object]) -> None:
        if call.attempt == 1:
            while not over.is_set():
                try:
                    await over.wait()
                except asyncio.CancelledError:
                    continue

    outside.trouble, clock.tick = ignore, 1
    await works.start(Thanks(outside))
    await pay(bus, 1)
    await works.quiet()
    over.set()
    assert [attempt for _, attempt in outside.calls] == [1, 2]


async def test_parks_what_keeps_failing(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Thanks(outside))
    await pay(bus, 1, 2)
    await works.reach("parked", "pending")
    [status] = await process_statuses(works.database.writer)
    assert ailment(status) == "toys.thanks has 1 effect parked"
    assert [
        (effect.error, effect.attempts) for effect in await EffectLedger(works.database.writer).list()
    ] == [
        ("ConnectionError", 3),
        (None, 0),
    ]


def _failing(clock: SetClock) -> Trouble:
    clock.tick = 1

    async def fail(what: str, call: Call[object]) -> None:
        raise ConnectionError("gone")

    return fail


async def test_a_parked_effect_holds_up_only_its_own_instance(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    outside = Outside()
    fail = _failing(clock)

    async def fail_one(what: str, call: Call[object]) -> None:
        if what == "thanks for 1":
            await fail(what, call)

    outside.trouble = fail_one
    await works.start(Thanks(outside))
    await pay(bus, 1, 2)
    await pay(bus, 3, 4)
    await works.reach("parked", "pending", "done", "done")
    assert outside.deeds == ["thanks for 3", "thanks for 4"]


async def test_a_retried_effect_goes_on_under_its_key(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Thanks(outside))
    await pay(bus, 1, 2)
    await works.reach("parked", "pending")
    outside.trouble = None
    assert len(await EffectLedger(works.database.writer).retry(process="toys.thanks")) == 1
    await works.quiet()
    assert outside.deeds == ["thanks for 1", "thanks for 2"]


async def test_a_discarded_effect_lets_the_next_one_pass(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Thanks(outside))
    await pay(bus, 1, 2)
    await works.reach("parked", "pending")
    outside.trouble = None
    [parked] = await EffectLedger(works.database.writer).list(statuses=["parked"])
    assert await EffectLedger(works.database.writer).discard([parked.id], reason="no such person") == [
        parked.id
    ]
    await works.quiet()
    assert outside.deeds == ["thanks for 2"]
    [gone] = await EffectLedger(works.database.writer).list(statuses=["discarded"])
    assert gone.discard == "no such person"
    # What is done cannot be retried.
    assert await EffectLedger(works.database.writer).retry(process="toys.thanks") == []


async def test_a_process_may_hear_that_its_effect_was_discarded(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Heard(outside))
    account = await an_account(bus)
    await accepted(bus, NoteAccount(id=account))
    await works.reach("parked")
    [parked] = await EffectLedger(works.database.writer).list()
    await EffectLedger(works.database.writer).discard([parked.id], reason="enough")
    await works.quiet()
    assert await works.rows("select state ->> 'failures' from processes.instances") == [('["enough"]',)]


async def test_what_the_outside_refuses_is_not_tried_again(works: Works, bus: Bus) -> None:
    outside = Outside()

    async def refuse(what: str, call: Call[object]) -> None:
        raise EffectRefused("no such address")

    outside.trouble = refuse
    await works.start(Thanks(outside))
    await pay(bus, 1)
    await works.reach("parked")
    assert outside.calls == [("thanks for 1", 1)]
