"""Sending commands in tests: who sends, and what must come back."""

from uuid import UUID, uuid4

from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import AppendReceipt, Log
from domain.kit.refusals import Refusal
from tests.domain.toys import Account, OpenAccount, Pay

US = Caller(tenant_id=UUID(int=1), user_id=UUID(int=11), session_id="a session")
THEM = Caller(tenant_id=UUID(int=2), user_id=UUID(int=22))


async def accepted(
    bus: Bus, command: Command, *, by: Caller = US, command_id: UUID | None = None
) -> AppendReceipt:
    """The receipt of a command that must not be refused."""
    outcome = await bus.send(command, by=by, command_id=command_id)
    assert isinstance(outcome, AppendReceipt), outcome
    return outcome


async def refused(
    bus: Bus, command: Command, refusal: type[Refusal], *, by: Caller = US, command_id: UUID | None = None
) -> Refusal:
    """The refusal of a command that must be refused for this reason."""
    outcome = await bus.send(command, by=by, command_id=command_id)
    assert isinstance(outcome, Refusal), outcome
    assert type(outcome) is refusal, outcome
    return outcome


async def an_account(bus: Bus, *, balance: int = 0, by: Caller = US) -> UUID:
    """A new account whose owner nobody else has."""
    id = uuid4()
    await accepted(bus, OpenAccount(id=id, owner=id.hex[:20]), by=by)
    if balance:
        await accepted(bus, Pay(id=id, amount=balance), by=by)
    return id


async def history(log: Log, id: UUID, *, by: Caller = US) -> list[Event]:
    """The events of a stream, as the log has them."""
    return PlainCodec().decode_all((await log.streams(by.tenant_id, [id])).get(id, []))


async def balance(log: Log, id: UUID) -> int:
    """What is on an account, worked out without the kit."""
    events = await history(log, id)
    paid = sum(event.amount for event in events if isinstance(event, Account.Paid))
    return paid - sum(event.amount for event in events if isinstance(event, Account.Withdrawn))
