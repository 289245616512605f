"""Effects happen once: tried again when they fail, cut off when they hang, parked when it is of no use."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec

from app.database import Connection
from app.log.postgres import PostgresLog
from app.processes.status import ailment, discard, effects, process_statuses, retry
from domain.kit.bus import Bus
from domain.kit.wishes import Call, EffectRefused, key_of
from tests.domain.sending import THEM, US, accepted, an_account
from tests.domain.toys import CloseAccount, NoteAccount, Pay, Withdraw
from tests.kit.processes import until
from tests.log.appends import command, event, stored
from tests.processes.outside import Outside, Trouble
from tests.processes.toys import GiveBack, Heard, Notes, Thanks
from tests.processes.working import SetClock, Works


async def _pay(bus: Bus, *amounts: int, account: UUID | None = None) -> UUID:
    account = account or await an_account(bus)
    for amount in amounts:
        await accepted(bus, Pay(id=account, amount=amount))
    return account


async def test_does_an_effect_once(works: Works, bus: Bus) -> None:
    outside = Outside()
    await works.start(Thanks(outside))
    await _pay(bus, 1, 2)
    await works.quiet()
    assert outside.calls == [("thanks for 1", 1), ("thanks for 2", 1)]


async def test_does_nothing_about_what_was_before_it_was_enrolled(works: Works, bus: Bus) -> None:
    account = await _pay(bus, 1)
    outside = Outside()
    await works.start(Thanks(outside))
    await _pay(bus, 2, account=account)
    await works.quiet()
    assert outside.deeds == ["thanks for 2"]


async def test_goes_on_where_it_was(works: Works, bus: Bus) -> None:
    outside = Outside()
    await works.stop(await works.start(Thanks(outside)))
    await _pay(bus, 1)
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
    await _pay(bus, 1)
    await works.quiet()
    assert outside.calls == [("thanks for 1", 1), ("thanks for 1", 2), ("thanks for 1", 3)]
    assert outside.deeds == ["thanks for 1"]


async def test_waits_between_two_tries(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _refuse_connections
    await works.start(Thanks(outside))
    await _pay(bus, 1)

    async def tried() -> bool:
        return bool(await effects(works.database.writer, statuses=["pending"])) and bool(outside.calls)

    await until(tried, seconds=20)
    [tries] = await effects(works.database.writer)
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
    await _pay(bus, 1)
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
    await _pay(bus, 1)
    await works.quiet()
    over.set()
    assert [attempt for _, attempt in outside.calls] == [1, 2]


async def test_parks_what_keeps_failing(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Thanks(outside))
    await _pay(bus, 1, 2)
    await works.reach("parked", "pending")
    [status] = await process_statuses(works.database.writer)
    assert ailment(status) == "toys.thanks has 1 effect parked"
    assert [(one.error, one.attempts) for one in await effects(works.database.writer)] == [
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
    await _pay(bus, 1, 2)
    await _pay(bus, 3, 4)
    await works.reach("parked", "pending", "done", "done")
    assert outside.deeds == ["thanks for 3", "thanks for 4"]


async def test_a_retried_effect_goes_on_under_its_key(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Thanks(outside))
    await _pay(bus, 1, 2)
    await works.reach("parked", "pending")
    outside.trouble = None
    assert len(await retry(works.database.writer, process="toys.thanks")) == 1
    await works.quiet()
    assert outside.deeds == ["thanks for 1", "thanks for 2"]


async def test_a_discarded_effect_lets_the_next_one_pass(works: Works, bus: Bus, clock: SetClock) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Thanks(outside))
    await _pay(bus, 1, 2)
    await works.reach("parked", "pending")
    outside.trouble = None
    [parked] = await effects(works.database.writer, statuses=["parked"])
    assert await discard(works.database.writer, ids=[parked.id], reason="no such person") == [parked.id]
    await works.quiet()
    assert outside.deeds == ["thanks for 2"]
    [gone] = await effects(works.database.writer, statuses=["discarded"])
    assert gone.discard == "no such person"
    # What is done is not to be had again.
    assert await retry(works.database.writer, process="toys.thanks") == []


async def test_a_process_may_hear_that_its_effect_was_discarded(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    outside = Outside()
    outside.trouble = _failing(clock)
    await works.start(Heard(outside))
    account = await an_account(bus)
    await accepted(bus, NoteAccount(id=account))
    await works.reach("parked")
    [parked] = await effects(works.database.writer)
    await discard(works.database.writer, ids=[parked.id], reason="enough")
    await works.quiet()
    assert await works.rows("select state ->> 'failures' from processes.instances") == [('["enough"]',)]


async def test_what_the_outside_refuses_is_not_tried_again(works: Works, bus: Bus) -> None:
    outside = Outside()

    async def refuse(what: str, call: Call[object]) -> None:
        raise EffectRefused("no such address")

    outside.trouble = refuse
    await works.start(Thanks(outside))
    await _pay(bus, 1)
    await works.reach("parked")
    assert outside.calls == [("thanks for 1", 1)]


async def test_effects_of_an_instance_keep_their_order_and_others_go_on_beside(
    works: Works, bus: Bus
) -> None:
    outside, open_, under_way = Outside(), asyncio.Event(), 0

    async def wait(what: str, call: Call[object]) -> None:
        nonlocal under_way
        under_way += 1
        # The calls end only when there are as many at a time as there are instances.
        if under_way == 3:
            open_.set()
        await open_.wait()

    outside.trouble = wait
    await works.start(Thanks(outside))
    accounts = [await an_account(bus) for _ in range(3)]
    for amount in (10, 20, 30):
        for number, account in enumerate(accounts):
            await _pay(bus, amount + number, account=account)
    await works.quiet()
    for number in range(3):
        mine = [what for what in outside.deeds if what.endswith(str(number))]
        assert mine == [f"thanks for {amount + number}" for amount in (10, 20, 30)]


async def test_a_process_hears_of_what_was_done(works: Works, bus: Bus) -> None:
    await works.start(Thanks(Outside()))
    await _pay(bus, 1, 2)
    await works.quiet()
    [(state,)] = await works.rows("select state from processes.instances")
    assert msgspec.json.decode(state) == {"total": 3, "thanked": 3, "failures": []}


async def test_a_reaction_that_raises_parks_its_instance_in_order(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    outside = Outside()
    clock.tick = 1
    thanks = Thanks(outside)
    await works.start(thanks)
    unlucky = await _pay(bus, 1, 13, 2)
    await _pay(bus, 3)

    async def parked() -> bool:
        return bool(await effects(works.database.writer, statuses=["parked"]))

    await until(parked, seconds=20)
    assert sorted(outside.deeds) == ["thanks for 1", "thanks for 3"]
    thanks.unlucky = False
    await _pay(bus, 4, account=unlucky)
    await retry(works.database.writer, process=thanks.name)
    await works.quiet()
    mine = [deed for deed in outside.deeds if deed != "thanks for 3"]
    assert mine == ["thanks for 1", "thanks for 13", "thanks for 2", "thanks for 4"]


async def test_an_event_that_cannot_be_read_holds_up_only_its_own_stream(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    outside, clock.tick = Outside(), 1
    await works.start(Thanks(outside))
    unreadable = event(topic="toys.account", type="toys.account.paid", payload=b'{"amount": "much"}')
    stored(await works.log.append(command(unreadable)))
    await _pay(bus, 3)
    await works.reach("parked", "done")
    assert outside.deeds == ["thanks for 3"]
    assert [one.error for one in await effects(works.database.writer, statuses=["parked"])] == [
        "ValidationError"
    ]


async def test_sends_commands_as_the_system_because_of_the_event(
    works: Works, bus: Bus, log: PostgresLog
) -> None:
    await works.start(GiveBack())
    account = await _pay(bus, 5)
    await accepted(bus, Withdraw(id=account, amount=2))
    await works.quiet()
    *_, withdrawn, paid = (await log.streams(US.tenant_id, [account]))[account]
    assert (paid.type, paid.user_id) == ("toys.account.paid", None)
    assert paid.causation_id == str(withdrawn.event_id)
    assert paid.correlation_id == withdrawn.correlation_id
    assert paid.command_id == key_of(US.tenant_id, "toys.give_back", withdrawn.event_id, "domain.pay")


async def test_a_process_hears_that_its_command_was_refused(works: Works, bus: Bus) -> None:
    account = await _pay(bus, 5)
    first = await works.start(GiveBack())
    await works.stop(first)
    await accepted(bus, Withdraw(id=account, amount=2))
    await accepted(bus, CloseAccount(id=account))
    await works.start(GiveBack())
    await works.quiet()
    assert await works.rows("select state ->> 'failures' from processes.instances") == [('["not_found"]',)]


async def test_a_transactional_effect_happens_with_its_mark_or_not_at_all(
    works: Works, bus: Bus, clock: SetClock, owner: Connection
) -> None:
    await owner.execute(
        "create table public.notes (text text); grant all on public.notes to headwater_writer"
    )
    notes, clock.tick = Notes(), 1
    await works.start(notes)
    await _pay(bus, 1)
    await works.quiet()
    assert notes.tries == 3
    assert await owner.fetchval("select count(*) from public.notes") == 1


async def test_a_tenant_sees_only_its_own(works: Works, bus: Bus) -> None:
    await works.start(Thanks(Outside()))
    for caller in (US, US, THEM):
        await accepted(bus, Pay(id=await an_account(bus, by=caller), amount=1), by=caller)
    await works.quiet()
    for tenant, count in ((US.tenant_id, 2), (THEM.tenant_id, 1), (uuid4(), 0)):
        async with works.database.reading(tenant) as connection:
            assert await connection.fetchval("select count(*) from processes.ledger") == count
            assert await connection.fetchval("select count(*) from processes.instances") == count
