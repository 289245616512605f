"""Several commands together: in their order, all or none, each once."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.log.postgres import PostgresLog
from domain.kit.bus.bus import Bus
from domain.kit.bus.requests import SentTogether
from domain.kit.bus.together import RefusedTogether
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyExists, CommandIdReused, Invalid, NotFound, Refusal, StaleVersion
from tests.domain.sending import US, accepted, an_account, balance, history
from tests.domain.toys import CloseAccount, OpenAccount, Overdrawn, Pay, Transfer, Withdraw


def each(*commands: Command) -> list[SentTogether]:
    """Each under an id of its own."""
    return [SentTogether(command, uuid4()) for command in commands]


def opened(id: UUID) -> OpenAccount:
    return OpenAccount(id=id, owner=id.hex[:20])


async def refusal(bus: Bus, sent: list[SentTogether]) -> tuple[int, type[Refusal]]:
    """Which of the commands is refused, and with what."""
    with pytest.raises(RefusedTogether) as refused:
        await bus.send_all(sent, by=US)
    return refused.value.place, type(refused.value.refusal)


async def test_each_decides_on_what_those_before_it_did(bus: Bus, log: PostgresLog) -> None:
    here, there = uuid4(), uuid4()
    commands = (
        opened(here),
        opened(there),
        Pay(id=here, amount=10),
        Transfer(id=here, to_id=there, amount=7),
        Withdraw(id=there, amount=6),
    )
    receipts = await bus.send_all(each(*commands), by=US)
    assert [receipt.repeated for receipt in receipts] == [False] * 5
    assert (await balance(log, here), await balance(log, there)) == (3, 1)
    # What is cached afterwards is right.
    assert isinstance(await bus.send(Withdraw(id=here, amount=4), by=US), Overdrawn)
    await accepted(bus, Withdraw(id=here, amount=3))


async def test_nothing_is_done_if_one_is_refused(bus: Bus, log: PostgresLog) -> None:
    here, new = await an_account(bus, balance=5), uuid4()
    before = await log.head()
    for last, code in (
        (Withdraw(id=here, amount=9), Overdrawn),
        (Pay(id=uuid4(), amount=1), NotFound),
        (OpenAccount(id=uuid4(), owner=""), Invalid),
        (opened(here), AlreadyExists),
    ):
        assert await refusal(bus, each(opened(new), Pay(id=here, amount=1), last)) == (2, code)
    assert await log.head() == before
    assert await balance(log, here) == 5
    await accepted(bus, Withdraw(id=here, amount=5))


async def test_what_one_ends_is_not_there_for_the_next(bus: Bus, log: PostgresLog) -> None:
    here = await an_account(bus)
    assert await refusal(bus, each(CloseAccount(id=here), Pay(id=here, amount=1))) == (1, NotFound)
    assert len(await history(log, here)) == 1


async def test_sent_again_nothing_is_done_twice(bus: Bus, second_bus: Bus, log: PostgresLog) -> None:
    here = uuid4()
    sent = each(opened(here), Pay(id=here, amount=5), Withdraw(id=here, amount=5))
    first = await bus.send_all(sent, by=US)
    for chosen in (bus, second_bus):
        again = await chosen.send_all(sent, by=US)
        assert [(receipt.last, receipt.repeated) for receipt in again] == [
            (receipt.last, True) for receipt in first
        ]
        # A part of them, in another order, and one by one.
        assert [receipt.last for receipt in await chosen.send_all(sent[:0:-1], by=US)] == [
            first[2].last,
            first[1].last,
        ]
        alone = await chosen.send(sent[2].command, by=US, command_id=sent[2].command_id)
        assert isinstance(alone, AppendReceipt)
        assert alone.repeated
    assert await balance(log, here) == 0


async def test_the_rest_is_done_of_which_a_part_was(bus: Bus, log: PostgresLog) -> None:
    here = await an_account(bus)
    sent = each(Pay(id=here, amount=5), Withdraw(id=here, amount=5))
    await accepted(bus, sent[0].command, command_id=sent[0].command_id)
    receipts = await bus.send_all(sent, by=US)
    assert [receipt.repeated for receipt in receipts] == [True, False]
    assert await balance(log, here) == 0


async def test_an_id_is_for_one_command(bus: Bus) -> None:
    here = await an_account(bus)
    sent = each(Pay(id=here, amount=5), Pay(id=here, amount=5))
    twice = [sent[0], SentTogether(sent[1].command, sent[0].command_id)]
    assert await refusal(bus, twice) == (1, CommandIdReused)
    await bus.send_all(sent, by=US)
    other = [SentTogether(Pay(id=here, amount=6), sent[1].command_id)]
    assert await refusal(bus, other) == (0, CommandIdReused)


async def test_an_expected_version_counts_what_was_done_before(bus: Bus) -> None:
    here = await an_account(bus)
    pay = Pay(id=here, amount=1)
    right = [SentTogether(pay, uuid4(), expected_version=version) for version in (1, 2)]
    assert len(await bus.send_all(right, by=US)) == 2
    stale = [SentTogether(pay, uuid4(), expected_version=version) for version in (3, 3)]
    assert await refusal(bus, stale) == (1, StaleVersion)


async def test_what_a_cache_is_behind_of_is_looked_at_again(
    bus: Bus, second_bus: Bus, log: PostgresLog
) -> None:
    here = await an_account(bus)
    await accepted(second_bus, Pay(id=here, amount=5))
    await bus.send_all(each(Withdraw(id=here, amount=2), Withdraw(id=here, amount=3)), by=US)
    await accepted(second_bus, Pay(id=here, amount=1))
    await bus.send_all(each(Pay(id=here, amount=1), Withdraw(id=here, amount=2)), by=US)
    assert await balance(log, here) == 0


async def test_of_many_at_once_none_is_lost(bus: Bus, second_bus: Bus, log: PostgresLog) -> None:
    here, there = await an_account(bus), await an_account(bus)
    pays = [Pay(id=id, amount=1) for id in (here, there)]
    both = [
        chosen.send_all(each(*(pays if number % 2 else pays[::-1])), by=US)
        for number in range(10)
        for chosen in (bus, second_bus)
    ]
    single = [chosen.send(pay, by=US) for pay in pays for chosen in (bus, second_bus) for _ in range(5)]
    await asyncio.gather(*both, *single)
    assert (await balance(log, here), await balance(log, there)) == (30, 30)
