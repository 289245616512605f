"""An account with payments: a small aggregate and its commands, on which the kit is tested."""

from dataclasses import field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Len, References
from domain.kit.refusals import Refusal


class Overdrawn(Refusal):
    """There are only {balance} on this account."""


class Account(Aggregate, topic="toys.account"):
    """Money of somebody."""

    snapshot_every = 5

    class Opened(Event):
        owner: str
        at: datetime

    class Paid(Event):
        amount: int

    class Withdrawn(Event):
        amount: int

    class Noted(Event):
        """Changes nothing."""

        by: UUID

    class Closed(Event, ends=True): ...

    owner: str
    opened_at: datetime
    balance: int = 0
    payments: list[int] = field(default_factory=list)

    @applies(Opened)
    def _opened(self, event: Opened) -> None:
        self.owner, self.opened_at = event.owner, event.at

    @applies(Paid)
    def _paid(self, event: Paid) -> None:
        self.balance += event.amount
        self.payments.append(event.amount)

    def withdraw(self, amount: int) -> None:
        if amount > self.balance:
            raise Overdrawn(field="amount", balance=self.balance)
        if amount:
            self.record(self.Withdrawn(amount=amount))

    @applies(Withdrawn)
    def _withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


class OpenAccount(Command):
    """Open an account; no two in a tenant have one owner."""

    owner: Annotated[str, Len(1, 20)]
    everywhere: bool = False

    def handle(self, now: datetime) -> Account:
        account = Account.begin(self.id, Account.Opened(owner=self.owner, at=now))
        account.reserve("toys.owner", self.owner.lower(), field="owner", everywhere=self.everywhere)
        return account


class Pay(Command):
    """Pay something in."""

    amount: int

    def handle(self, account: Account) -> None:
        account.record(account.Paid(amount=self.amount))


class Withdraw(Command):
    """Take something out."""

    amount: int

    def handle(self, account: Account) -> None:
        account.withdraw(self.amount)


class Transfer(Command):
    """Move money between two accounts, in one step."""

    to_id: UUID
    amount: int

    def handle(self, account: Account, to: Account) -> None:
        to.record(to.Paid(amount=self.amount))
        account.withdraw(self.amount)


class OpenSavings(Command):
    """Open an account beside another, whose owner is its owner, while that holds money."""

    main_id: UUID

    def handle(self, main: Account, now: datetime) -> Account:
        if main.balance <= 0:
            raise Overdrawn(field="main_id", balance=main.balance)
        return Account.begin(self.id, Account.Opened(owner=main.owner, at=now))


class NoteAccount(Command):
    """Note an account; another may be named beside it."""

    beside: Annotated[UUID | None, References("toys.account")] = None

    def handle(self, account: Account, by: Caller) -> None:
        account.record(account.Noted(by=by.user_id))


class CloseAccount(Command):
    """Close an account and free its owner's name."""

    def handle(self, account: Account) -> None:
        account.release("toys.owner", account.owner.lower())
        account.record(account.Closed())
