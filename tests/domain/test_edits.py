"""Edits: several commands as one, each told by a field that may be left out, decided and stored all or none."""

from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest

from app.log.postgres import PostgresLog
from domain.kit.bus.bus import Bus
from domain.kit.fields import Len
from domain.kit.log import AppendReceipt, Selection
from domain.kit.model import Aggregate, Command, Event, assigns
from domain.kit.refusals import CommandIdReused, Invalid, NotFound, StaleVersion
from tests.domain.sending import THEM, US, accepted, an_account, balance, refused
from tests.domain.toys import Account, Overdrawn, Pay, Withdraw


class Pot(Aggregate, topic="toys.pot"):
    """Something that is filled from an account which it names."""

    class Begun(Event):
        name: str

    class Renamed(Event):
        name: str

    class Pointed(Event):
        account_id: UUID | None

    class Filled(Event):
        amount: int

    name: str
    account_id: UUID | None = None
    amount: int = 0
    changed = assigns(Begun, Renamed, Pointed, Filled)


class BeginPot(Command):
    """Begin a pot."""

    name: str

    def handle(self) -> Pot:
        return Pot.begin(self.id, Pot.Begun(name=self.name))


class RenamePot(Command):
    """Rename a pot."""

    name: Annotated[str, Len(1, 10)]

    def handle(self, pot: Pot) -> None:
        if self.name != pot.name:
            pot.record(Pot.Renamed(name=self.name))


class PointPot(Command):
    """Say from which account a pot is filled, if from any."""

    account_id: UUID | None

    def handle(self, pot: Pot) -> None:
        pot.record(Pot.Pointed(account_id=self.account_id))


class FillPot(Command):
    """Fill a pot from the account that it names."""

    amount: int

    def handle(self, pot: Pot, account: Account | None) -> None:
        if account is None:
            raise Overdrawn(field="amount", balance=0)
        account.withdraw(self.amount)
        pot.record(Pot.Filled(amount=self.amount))


class EditPot(Command, of=(RenamePot, PointPot, FillPot)):
    """Change a pot."""


def edit(id: UUID, **said: Any) -> EditPot:
    return EditPot(**{"id": id, **said})


async def a_pot(bus: Bus) -> UUID:
    id = uuid4()
    await accepted(bus, BeginPot(id=id, name="tea"))
    return id


async def types(log: PostgresLog, receipt: AppendReceipt) -> list[str]:
    stored = await log.read(after=receipt.first - 1, until=receipt.last, limit=10)
    assert {envelope.command_id for envelope in stored} == {receipt.command_id}
    return [envelope.type for envelope in stored]


async def test_what_is_said_is_stored_as_one_command_and_the_rest_stays(bus: Bus, log: PostgresLog) -> None:
    id, account = await a_pot(bus), await an_account(bus)
    receipt = await accepted(bus, edit(id, name="rice", account_id=account))
    assert await types(log, receipt) == ["toys.pot.renamed", "toys.pot.pointed"]
    receipt = await accepted(bus, edit(id, account_id=None))
    assert await types(log, receipt) == ["toys.pot.pointed"]
    assert await types(log, await accepted(bus, edit(id, name="oats"))) == ["toys.pot.renamed"]


async def test_a_step_sees_what_the_one_before_it_changed_also_where_that_was_not_loaded(
    bus: Bus, log: PostgresLog
) -> None:
    id, account = await a_pot(bus), await an_account(bus, balance=5)
    receipt = await accepted(bus, edit(id, account_id=account, amount=3))
    assert await types(log, receipt) == ["toys.pot.pointed", "toys.pot.filled", "toys.account.withdrawn"]
    assert await balance(log, account) == 2


async def test_a_step_that_is_refused_undoes_the_ones_before_it(bus: Bus, log: PostgresLog) -> None:
    id, account = await a_pot(bus), await an_account(bus)
    before = await log.head()
    await refused(bus, edit(id, name="rice", account_id=account, amount=3), Overdrawn)
    assert await log.head() == before
    # Nor does the process take what was refused for what is stored.
    assert await types(log, await accepted(bus, edit(id, name="tea2"))) == ["toys.pot.renamed"]
    await refused(bus, edit(id, amount=1), Overdrawn)


async def test_a_name_that_leads_nowhere_is_looked_for_once(bus: Bus) -> None:
    id = await a_pot(bus)
    await refused(bus, edit(id, account_id=uuid4(), amount=3), Overdrawn)


async def test_everything_that_is_wrong_is_told_at_once(bus: Bus) -> None:
    refusal = await refused(bus, edit(await a_pot(bus), name="", amount=2**63), Invalid)
    assert [violation.path for violation in refusal.violations] == [("name",), ("amount",)]


async def test_saying_nothing_changes_nothing_and_still_needs_what_is_named(bus: Bus) -> None:
    id = await a_pot(bus)
    receipt = await accepted(bus, edit(id))
    assert receipt.first == receipt.last + 1
    await refused(bus, edit(uuid4()), NotFound)
    await refused(bus, edit(id), NotFound, by=THEM)


async def test_an_edit_is_carried_out_once_and_only_at_the_version_that_was_read(
    bus: Bus, log: PostgresLog
) -> None:
    id, command_id = await a_pot(bus), uuid4()
    sent: dict[str, Any] = {"by": US, "command_id": command_id}
    stale = await bus.send(edit(id, name="rice"), by=US, expected_version=7)
    assert isinstance(stale, StaleVersion)
    first = await bus.send(edit(id, name="rice"), **sent, expected_version=1)
    again = await bus.send(edit(id, name="rice"), **sent, expected_version=1)
    assert isinstance(first, AppendReceipt)
    assert isinstance(again, AppendReceipt)
    assert (again.first, again.repeated) == (first.first, True)
    # Left out is something else than said.
    assert isinstance(await bus.send(edit(id, name="rice", account_id=None), **sent), CommandIdReused)
    stored = await log.read(limit=10, select=Selection(originator_id=id))
    assert [envelope.type for envelope in stored] == ["toys.pot.begun", "toys.pot.renamed"]


class RenameNothing(Command):
    """Two fields beside the id."""

    name: str
    why: str

    def handle(self, pot: Pot) -> None: ...


@pytest.mark.parametrize(
    ("of", "why"),
    [
        ((RenamePot, Pay), "of Pay, which changes something else"),
        ((BeginPot,), "of BeginPot, which changes something else"),
        ((Pay, Withdraw), "of two commands with the field 'amount'"),
        ((RenameNothing,), "RenameNothing has 2 fields beside its id"),
    ],
)
def test_an_edit_is_of_commands_that_change_a_field_each(of: tuple[type[Command], ...], why: str) -> None:
    with pytest.raises(TypeError, match=why):

        class EditNothing(Command, of=of):
            """It is never made."""
