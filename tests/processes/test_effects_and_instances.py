"""Effects of one instance keep their order, and what came of them is heard; other instances go on beside."""

import asyncio
from uuid import uuid4

import msgspec

from app.log.postgres import PostgresLog
from app.storage.database import Connection
from app.telemetry.process_status import EffectLedger
from domain.kit.bus.bus import Bus
from domain.kit.process.effects import Call, key_of
from tests.domain.sending import THEM, US, accepted, an_account
from tests.domain.toys import CloseAccount, Pay, Withdraw
from tests.kit.processes import until
from tests.log.appends import command, event, stored
from tests.processes.outside import Outside
from tests.processes.toys import GiveBack, Notes, Thanks
from tests.processes.working import SetClock, Works, pay


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
            await pay(bus, amount + number, account=account)
    await works.quiet()
    for number in range(3):
        mine = [what for what in outside.deeds if what.endswith(str(number))]
        assert mine == [f"thanks for {amount + number}" for amount in (10, 20, 30)]


async def test_a_process_hears_of_what_was_done(works: Works, bus: Bus) -> None:
    await works.start(Thanks(Outside()))
    await pay(bus, 1, 2)
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
    unlucky = await pay(bus, 1, 13, 2)
    await pay(bus, 3)

    async def parked() -> bool:
        return bool(await EffectLedger(works.database.writer).list(statuses=["parked"]))

    await until(parked)
    assert sorted(outside.deeds) == ["thanks for 1", "thanks for 3"]
    thanks.unlucky = False
    await pay(bus, 4, account=unlucky)
    await EffectLedger(works.database.writer).retry(process=thanks.name)
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
    await pay(bus, 3)
    await works.reach("parked", "done")
    assert outside.deeds == ["thanks for 3"]
    assert [
        effect.error for effect in await EffectLedger(works.database.writer).list(statuses=["parked"])
    ] == ["ValidationError"]


async def test_sends_commands_as_the_system_because_of_the_event(
    works: Works, bus: Bus, log: PostgresLog
) -> None:
    await works.start(GiveBack())
    account = await pay(bus, 5)
    await accepted(bus, Withdraw(id=account, amount=2))
    await works.quiet()
    *_, withdrawn, paid = (await log.streams(US.tenant_id, [account]))[account]
    assert (paid.type, paid.user_id) == ("toys.account.paid", None)
    assert paid.causation_id == str(withdrawn.event_id)
    assert paid.correlation_id == withdrawn.correlation_id
    assert paid.command_id == key_of(US.tenant_id, "toys.give_back", withdrawn.event_id, "toys.pay")


async def test_a_process_hears_that_its_command_was_refused(works: Works, bus: Bus) -> None:
    account = await pay(bus, 5)
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
    await pay(bus, 1)
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
