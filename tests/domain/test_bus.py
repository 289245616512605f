"""The bus on the real log: right about other streams, filed with who and why."""

from uuid import UUID, uuid4

import msgspec
import pytest

from app.log.postgres import PostgresLog
from domain.kit.bus.bus import Bus
from domain.kit.caller import SYSTEM, Caller
from domain.kit.log import Selection
from domain.kit.refusals import AlreadyExists, AlreadyTaken, Invalid, NotFound
from tests.domain.sending import THEM, US, accepted, an_account, balance, history, refused
from tests.domain.toys import (
    Account,
    CloseAccount,
    NoteAccount,
    OpenAccount,
    OpenSavings,
    Overdrawn,
    Pay,
    Transfer,
    Withdraw,
)


async def test_a_receipt_names_the_positions_of_the_events(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    receipt = await accepted(bus, Pay(id=id, amount=3))
    [stored] = await log.read(after=receipt.first - 1, until=receipt.last, limit=10)
    assert (stored.type, stored.originator_id, stored.command_id) == (
        "toys.account.paid",
        id,
        receipt.command_id,
    )


async def test_a_command_that_changes_nothing_has_a_receipt_without_events(
    bus: Bus, log: PostgresLog
) -> None:
    id = await an_account(bus)
    receipt = await accepted(bus, Withdraw(id=id, amount=0))
    assert receipt.first == receipt.last + 1
    assert receipt.last == await log.head()


async def test_what_is_outside_the_limits_is_refused(bus: Bus) -> None:
    await refused(bus, OpenAccount(id=uuid4(), owner=""), Invalid)


async def test_creating_again_under_another_command_is_refused(bus: Bus, second_bus: Bus) -> None:
    id = await an_account(bus)
    for chosen in (bus, second_bus):
        refusal = await refused(chosen, OpenAccount(id=id, owner="another"), AlreadyExists)
        assert (refusal.field, refusal.message) == ("id", "There is already another account with this id.")


async def test_creating_what_had_ended_is_refused(bus: Bus) -> None:
    id = await an_account(bus)
    await accepted(bus, CloseAccount(id=id))
    await refused(bus, OpenAccount(id=id, owner="another"), AlreadyExists)


async def test_two_tenants_may_use_one_id(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus, balance=3)
    await accepted(bus, OpenAccount(id=id, owner="theirs"), by=THEM)
    await refused(bus, Withdraw(id=id, amount=3), Overdrawn, by=THEM)
    assert len(await history(log, id, by=THEM)) == 1


async def test_what_another_tenant_has_is_not_there(bus: Bus, second_bus: Bus) -> None:
    id = await an_account(bus, balance=3)
    for chosen in (bus, second_bus):
        refusal = await refused(chosen, Withdraw(id=id, amount=1), NotFound, by=THEM)
        assert refusal.field == "id"


async def test_a_reference_to_a_living_stream_passes(bus: Bus, log: PostgresLog) -> None:
    id, other = await an_account(bus), await an_account(bus)
    await accepted(bus, NoteAccount(id=id, beside=other))
    assert Account.Noted(by=US.user_id) in await history(log, id)


async def test_a_reference_to_its_own_stream_passes(bus: Bus) -> None:
    id = await an_account(bus)
    await accepted(bus, NoteAccount(id=id, beside=id))


async def test_a_reference_to_nothing_is_refused(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    refusal = await refused(bus, NoteAccount(id=id, beside=uuid4()), NotFound)
    assert (refusal.field, refusal.message) == ("beside", "There is no such account.")
    assert len(await history(log, id)) == 1


async def test_a_reference_to_an_ended_stream_is_refused(bus: Bus) -> None:
    id, ended = await an_account(bus), await an_account(bus)
    await accepted(bus, CloseAccount(id=ended))
    await refused(bus, NoteAccount(id=id, beside=ended), NotFound)


async def test_a_reference_to_another_tenants_stream_is_refused(bus: Bus) -> None:
    id, foreign = await an_account(bus), await an_account(bus, by=THEM)
    await refused(bus, NoteAccount(id=id, beside=foreign), NotFound)


async def test_an_aggregate_of_another_tenant_is_refused_by_its_field(bus: Bus) -> None:
    id, foreign = await an_account(bus, balance=3), await an_account(bus, by=THEM)
    refusal = await refused(bus, Transfer(id=id, to_id=foreign, amount=1), NotFound)
    assert refusal.field == "to_id"


async def test_two_streams_change_in_one_step(bus: Bus, log: PostgresLog) -> None:
    payer, other = await an_account(bus, balance=3), await an_account(bus)
    receipt = await accepted(bus, Transfer(id=payer, to_id=other, amount=2))
    assert receipt.last - receipt.first == 1
    assert (await balance(log, payer), await balance(log, other)) == (1, 2)


async def test_what_a_refused_command_had_recorded_is_forgotten(bus: Bus, log: PostgresLog) -> None:
    payer, other = await an_account(bus, balance=3), await an_account(bus)
    await refused(bus, Transfer(id=payer, to_id=other, amount=9), Overdrawn)
    await refused(bus, Withdraw(id=other, amount=1), Overdrawn)
    assert await balance(log, other) == 0


async def test_a_reserved_value_is_refused_to_another_stream(bus: Bus, second_bus: Bus) -> None:
    await accepted(bus, OpenAccount(id=uuid4(), owner="Clara"))
    for chosen in (bus, second_bus):
        refusal = await refused(chosen, OpenAccount(id=uuid4(), owner="CLARA"), AlreadyTaken)
        assert (refusal.field, refusal.message) == ("owner", "Owner is already in use.")


async def test_a_reserved_value_is_free_in_another_tenant(bus: Bus) -> None:
    await accepted(bus, OpenAccount(id=uuid4(), owner="Dora"))
    await accepted(bus, OpenAccount(id=uuid4(), owner="Dora"), by=THEM)


async def test_a_value_reserved_everywhere_is_refused_to_another_tenant(bus: Bus) -> None:
    await accepted(bus, OpenAccount(id=uuid4(), owner="Emil", everywhere=True))
    await refused(bus, OpenAccount(id=uuid4(), owner="Emil", everywhere=True), AlreadyTaken, by=THEM)


async def test_a_released_value_can_be_had(bus: Bus) -> None:
    id = uuid4()
    await accepted(bus, OpenAccount(id=id, owner="Frida"))
    await accepted(bus, CloseAccount(id=id))
    await accepted(bus, OpenAccount(id=uuid4(), owner="Frida"))


async def test_a_command_without_anything_taken_reserves_nothing(bus: Bus) -> None:
    taken, id = uuid4(), uuid4()
    await accepted(bus, OpenAccount(id=taken, owner="Greta"))
    await refused(bus, OpenAccount(id=id, owner="Greta"), AlreadyTaken)
    await accepted(bus, OpenAccount(id=id, owner="Gustav"))


async def test_the_envelope_says_who_and_why(bus: Bus, log: PostgresLog) -> None:
    id, command_id = uuid4(), uuid4()
    await bus.send(
        OpenAccount(id=id, owner="Hanna"),
        by=US,
        command_id=command_id,
        correlation_id="a request",
        causation_id="an event",
        metadata={"client": "tests", "command": "not to be forged"},
    )
    [stored] = await log.read(limit=10, select=Selection(tenant_id=US.tenant_id, originator_id=id))
    assert (stored.user_id, stored.session_id, stored.command_id) == (US.user_id, "a session", command_id)
    assert (stored.correlation_id, stored.causation_id) == ("a request", "an event")
    assert (stored.source, stored.environment, stored.region) == ("tests", "test", "here")
    assert msgspec.json.decode(stored.metadata) == {"client": "tests", "command": "toys.open_account"}
    assert (stored.topic, stored.type, stored.version) == ("toys.account", "toys.account.opened", 1)


async def test_what_the_system_does_names_no_user(bus: Bus, log: PostgresLog) -> None:
    system = Caller(tenant_id=US.tenant_id, user_id=SYSTEM)
    receipt = await accepted(bus, OpenAccount(id=uuid4(), owner="Kai"), by=system)
    [stored] = await log.read(after=receipt.first - 1, until=receipt.last, limit=1)
    assert stored.user_id is None


async def test_a_command_without_a_correlation_is_its_own(bus: Bus, log: PostgresLog) -> None:
    receipt = await accepted(bus, OpenAccount(id=uuid4(), owner="Ida"))
    [stored] = await log.read(after=receipt.first - 1, until=receipt.last, limit=1)
    assert (stored.correlation_id, stored.causation_id) == (str(receipt.command_id), None)


async def test_all_events_of_a_command_happen_at_one_moment(bus: Bus, log: PostgresLog) -> None:
    payer, other = await an_account(bus, balance=3), await an_account(bus)
    receipt = await accepted(bus, Transfer(id=payer, to_id=other, amount=2))
    out, into = await log.read(after=receipt.first - 1, until=receipt.last, limit=2)
    assert out.timestamp == into.timestamp
    assert out.event_id != into.event_id


async def test_a_fault_in_a_rule_rises_and_leaves_nothing_behind(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus, balance=3)
    with pytest.raises(TypeError):
        await bus.send(Withdraw(id=id, amount="all"), by=US)  # type: ignore[arg-type]
    await accepted(bus, Withdraw(id=id, amount=3))
    assert await balance(log, id) == 0


async def test_needs_of_a_creation_are_found(bus: Bus, log: PostgresLog) -> None:
    main, savings = await an_account(bus, balance=3), uuid4()
    await accepted(bus, OpenSavings(id=savings, main_id=main))
    [opened] = await history(log, savings)
    assert isinstance(opened, Account.Opened)
    assert opened.owner == main.hex[:20]


async def test_a_caller_without_a_session_has_none(bus: Bus, log: PostgresLog) -> None:
    caller = Caller(tenant_id=UUID(int=3), user_id=UUID(int=33))
    receipt = await accepted(bus, OpenAccount(id=uuid4(), owner="Jan"), by=caller)
    [stored] = await log.read(after=receipt.first - 1, until=receipt.last, limit=1)
    assert (stored.user_id, stored.session_id) == (caller.user_id, None)
