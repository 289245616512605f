"""A command has one effect, however often it is sent with one id, and keeps its receipt."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from app.log.postgres import PostgresLog
from domain.kit.bus.bus import Bus
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import CommandIdReused
from tests.domain.sending import THEM, accepted, an_account, balance, history, refused
from tests.domain.toys import (
    CloseAccount,
    OpenAccount,
    Overdrawn,
    Pay,
    Withdraw,
)


async def test_the_same_command_twice_has_one_effect(bus: Bus, log: PostgresLog) -> None:
    id, command_id = await an_account(bus), uuid4()
    first = await accepted(bus, Pay(id=id, amount=3), command_id=command_id)
    again = await accepted(bus, Pay(id=id, amount=3), command_id=command_id)
    assert not first.repeated
    assert again == AppendReceipt(command_id, first.first, first.last, repeated=True)
    assert await balance(log, id) == 3


async def test_a_repeat_after_others_changed_the_stream_keeps_its_receipt(bus: Bus, log: PostgresLog) -> None:
    id, command_id = await an_account(bus), uuid4()
    first = await accepted(bus, Pay(id=id, amount=3), command_id=command_id)
    await accepted(bus, Pay(id=id, amount=4))
    again = await accepted(bus, Pay(id=id, amount=3), command_id=command_id)
    assert (again.first, again.repeated) == (first.first, True)
    assert await balance(log, id) == 7


async def test_a_repeat_keeps_its_receipt_though_the_rule_would_now_refuse(
    bus: Bus, fresh: Callable[[], Bus]
) -> None:
    id, command_id = await an_account(bus, balance=3), uuid4()
    first = await accepted(bus, Withdraw(id=id, amount=3), command_id=command_id)
    for chosen in (bus, fresh()):
        again = await accepted(chosen, Withdraw(id=id, amount=3), command_id=command_id)
        assert again == AppendReceipt(command_id, first.first, first.last, repeated=True)


async def test_a_repeat_keeps_its_receipt_though_the_stream_has_ended(bus: Bus) -> None:
    id, command_id = await an_account(bus), uuid4()
    await accepted(bus, CloseAccount(id=id), command_id=command_id)
    assert (await accepted(bus, CloseAccount(id=id), command_id=command_id)).repeated


async def test_a_repeated_creation_keeps_its_receipt(bus: Bus, log: PostgresLog) -> None:
    id, command_id = uuid4(), uuid4()
    await accepted(bus, OpenAccount(id=id, owner=id.hex[:20]), command_id=command_id)
    assert (await accepted(bus, OpenAccount(id=id, owner=id.hex[:20]), command_id=command_id)).repeated
    assert len(await history(log, id)) == 1


async def test_a_repeat_that_changed_nothing_keeps_its_receipt(bus: Bus) -> None:
    id, command_id = await an_account(bus), uuid4()
    first = await accepted(bus, Withdraw(id=id, amount=0), command_id=command_id)
    await accepted(bus, Pay(id=id, amount=3))
    again = await accepted(bus, Withdraw(id=id, amount=0), command_id=command_id)
    assert again == AppendReceipt(command_id, first.first, first.last, repeated=True)


async def test_after_a_repeat_the_stream_goes_on(bus: Bus, log: PostgresLog) -> None:
    id, command_id = await an_account(bus), uuid4()
    for _ in range(3):
        await accepted(bus, Pay(id=id, amount=3), command_id=command_id)
    await accepted(bus, Withdraw(id=id, amount=3))
    await refused(bus, Withdraw(id=id, amount=1), Overdrawn)
    assert await balance(log, id) == 0


OTHER_CONTENT: list[Callable[[UUID], Command]] = [
    lambda id: Pay(id=id, amount=4),
    lambda id: Withdraw(id=id, amount=3),
    lambda id: Withdraw(id=id, amount=999),
    lambda id: Pay(id=uuid4(), amount=3),
    lambda id: OpenAccount(id=uuid4(), owner="somebody"),
    lambda id: OpenAccount(id=uuid4(), owner=""),
    lambda id: OpenAccount(id=uuid4(), owner="\ud800"),
    lambda id: Pay(id=id, amount=2**70),
]


@pytest.mark.parametrize("other", OTHER_CONTENT, ids=range(len(OTHER_CONTENT)))
async def test_the_same_id_for_something_else_is_refused(bus: Bus, other: Callable[[UUID], Command]) -> None:
    id, command_id = await an_account(bus), uuid4()
    await accepted(bus, Pay(id=id, amount=3), command_id=command_id)
    await refused(bus, other(id), CommandIdReused, command_id=command_id)


async def test_the_same_id_in_another_tenant_is_another_command(bus: Bus) -> None:
    id, command_id = uuid4(), uuid4()
    command = OpenAccount(id=id, owner=id.hex[:20])
    await accepted(bus, command, command_id=command_id)
    assert not (await accepted(bus, command, by=THEM, command_id=command_id)).repeated


async def test_a_refused_command_may_be_sent_again_with_its_id(bus: Bus) -> None:
    id, command_id = await an_account(bus), uuid4()
    await refused(bus, Withdraw(id=id, amount=3), Overdrawn, command_id=command_id)
    await accepted(bus, Pay(id=id, amount=3))
    assert not (await accepted(bus, Withdraw(id=id, amount=3), command_id=command_id)).repeated
