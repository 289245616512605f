"""Many commands at once, from two processes, on caches that are behind: every answer is still right."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

from app.log.postgres import PostgresLog
from app.log.verify import verify
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyExists, AlreadyTaken, NotFound, Refusal
from tests.domain.sending import US, accepted, an_account, balance, history, refused
from tests.domain.toys import (
    CloseAccount,
    NoteAccount,
    OpenAccount,
    OpenSavings,
    Overdrawn,
    Pay,
    Transfer,
    Withdraw,
)


async def send_all(buses: list[Bus], commands: list[Command]) -> list[AppendReceipt | Refusal]:
    """What became of commands sent at the same time, in turn through each bus."""
    return await asyncio.gather(
        *(buses[n % len(buses)].send(command, by=US) for n, command in enumerate(commands))
    )


def receipts(outcomes: list[AppendReceipt | Refusal]) -> list[AppendReceipt]:
    return [outcome for outcome in outcomes if isinstance(outcome, AppendReceipt)]


async def test_fifty_at_once_on_one_stream_all_get_a_right_answer(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus, balance=30)
    outcomes = await send_all([bus], [Withdraw(id=id, amount=1) for _ in range(50)])
    assert len(receipts(outcomes)) == 30
    assert {type(outcome) for outcome in outcomes} == {AppendReceipt, Overdrawn}
    assert await balance(log, id) == 0


async def test_two_processes_on_one_stream_all_get_a_right_answer(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    id = await an_account(bus, balance=30)
    outcomes = await send_all([bus, second_bus], [Withdraw(id=id, amount=1) for _ in range(50)])
    assert len(receipts(outcomes)) == 30
    assert {type(outcome) for outcome in outcomes} == {AppendReceipt, Overdrawn}
    assert await balance(log, id) == 0


async def test_one_command_from_two_processes_at_once_has_one_effect(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    id, command_id = await an_account(bus), uuid4()
    sent = [
        chosen.send(Pay(id=id, amount=3), by=US, command_id=command_id) for chosen in [bus, second_bus] * 10
    ]
    outcomes = receipts(await asyncio.gather(*sent))
    assert len(outcomes) == 20
    assert len({(outcome.first, outcome.last) for outcome in outcomes}) == 1
    assert [outcome.repeated for outcome in outcomes].count(False) == 1
    assert await balance(log, id) == 3


async def test_of_many_creations_of_one_id_one_wins(bus: Bus, second_bus: Bus, log: PostgresLog) -> None:
    id = uuid4()
    commands: list[Command] = [OpenAccount(id=id, owner=f"{number} {id.hex[:10]}") for number in range(20)]
    outcomes = await send_all([bus, second_bus], commands)
    assert len(receipts(outcomes)) == 1
    assert {type(outcome) for outcome in outcomes} == {AppendReceipt, AlreadyExists}
    assert len(await history(log, id)) == 1


async def test_of_many_reservations_of_one_value_one_wins(bus: Bus, second_bus: Bus) -> None:
    commands: list[Command] = [OpenAccount(id=uuid4(), owner="Only one") for _ in range(20)]
    outcomes = await send_all([bus, second_bus], commands)
    assert len(receipts(outcomes)) == 1
    assert {type(outcome) for outcome in outcomes} == {AppendReceipt, AlreadyTaken}


async def test_money_moved_both_ways_at_once_is_neither_lost_nor_made(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    payer, other = await an_account(bus, balance=5), await an_account(bus, balance=5)
    there = [Transfer(id=payer, to_id=other, amount=2) for _ in range(10)]
    back = [Transfer(id=other, to_id=payer, amount=2) for _ in range(10)]
    outcomes = await send_all([bus, second_bus], [*there, *back])
    assert {type(outcome) for outcome in outcomes} <= {AppendReceipt, Overdrawn}
    assert await balance(log, payer) + await balance(log, other) == 10


async def test_a_cache_that_is_behind_does_not_refuse_wrongly(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    id = await an_account(bus)
    await accepted(second_bus, Pay(id=id, amount=3))
    await accepted(bus, Withdraw(id=id, amount=3))
    assert await balance(log, id) == 0


async def test_a_cache_that_is_behind_does_not_accept_wrongly(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    id = await an_account(bus, balance=3)
    await accepted(second_bus, Withdraw(id=id, amount=3))
    await refused(bus, Withdraw(id=id, amount=3), Overdrawn)
    assert await balance(log, id) == 0


async def test_nothing_to_do_is_not_concluded_from_a_cache_that_is_behind(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    id = await an_account(bus)
    await accepted(second_bus, CloseAccount(id=id))
    await refused(bus, Withdraw(id=id, amount=0), NotFound)
    assert len(await history(log, id)) == 2


async def test_a_decision_on_another_streams_old_state_is_not_stored(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    main = await an_account(bus, balance=3)
    await accepted(second_bus, Withdraw(id=main, amount=3))
    savings = uuid4()
    await refused(bus, OpenSavings(id=savings, main_id=main), Overdrawn)
    assert await history(log, savings) == []


async def test_another_streams_end_is_noticed(bus: Bus, second_bus: Bus) -> None:
    main = await an_account(bus, balance=3)
    await accepted(second_bus, CloseAccount(id=main))
    refusal = await refused(bus, OpenSavings(id=uuid4(), main_id=main), NotFound)
    assert refusal.field == "main_id"


async def test_a_stream_that_came_since_is_found(bus: Bus, second_bus: Bus) -> None:
    id = uuid4()
    await refused(bus, Pay(id=id, amount=1), NotFound)
    await accepted(second_bus, OpenAccount(id=id, owner=id.hex[:20]))
    await accepted(bus, Pay(id=id, amount=1))


async def test_commands_that_only_read_a_stream_do_not_hinder_one_another(bus: Bus, second_bus: Bus) -> None:
    main = await an_account(bus, balance=3)
    commands: list[Command] = [OpenSavings(id=uuid4(), main_id=main) for _ in range(50)]
    assert len(receipts(await send_all([bus, second_bus], commands))) == 50


async def test_commands_on_a_stream_that_others_change_meanwhile_get_through(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    main = await an_account(bus, balance=3)
    changes: list[Command] = [Pay(id=main, amount=1) for _ in range(10)]
    readers: list[Command] = [OpenSavings(id=uuid4(), main_id=main) for _ in range(10)]
    mixed = [command for pair in zip(changes, readers, strict=True) for command in pair]
    assert len(receipts(await send_all([bus, bus, second_bus, second_bus], mixed))) == 20
    assert await balance(log, main) == 13


async def test_a_reference_that_ends_at_the_same_time_is_either_before_or_refused(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    ids: list[UUID] = [await an_account(bus) for _ in range(10)]
    beside = await an_account(bus)
    notes: list[Command] = [NoteAccount(id=id, beside=beside) for id in ids]
    outcomes = await send_all([bus, second_bus], [*notes[:5], CloseAccount(id=beside), *notes[5:]])
    [closed] = receipts(outcomes[5:6])
    for outcome in (*outcomes[:5], *outcomes[6:]):
        assert isinstance(outcome, NotFound) or (
            isinstance(outcome, AppendReceipt) and outcome.last < closed.first
        )


async def test_a_cancelled_sender_leaves_the_stream_usable(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    sending = [asyncio.create_task(bus.send(Pay(id=id, amount=1), by=US)) for _ in range(20)]
    await asyncio.sleep(0)
    for task in sending[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    carried_out = [outcome for outcome in outcomes if isinstance(outcome, AppendReceipt)]
    assert len(carried_out) >= 10
    await accepted(bus, Pay(id=id, amount=100))
    # A cancelled command stands or falls, but never half.
    assert 100 + len(carried_out) <= await balance(log, id) <= 120


async def test_after_many_streams_at_once_the_log_is_whole(
    database: Database, fresh: Callable[[], Bus], log: PostgresLog
) -> None:
    bus = fresh()
    ids = [await an_account(bus, balance=1) for _ in range(10)]
    commands: list[Command] = [Pay(id=id, amount=1) for id in ids for _ in range(5)]
    assert len(receipts(await send_all([bus], commands))) == 50
    assert [await balance(log, id) for id in ids] == [6] * 10
    assert (await verify(database)).findings == ()
