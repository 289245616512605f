"""Accounts whose address nobody has proved in time lapse, so that nobody holds an address that is not theirs."""

from dataclasses import dataclass
from uuid import UUID

from domain.identity.account_commands import LapseAccount
from domain.identity.accounts import LAPSES_AFTER, Account, AccountLasts
from domain.kit.process.effects import Cancel, Failed, Fired, Schedule, Send, Then, Withdraw
from domain.kit.process.process import Process, on, when_due, when_failed

_TIMER = "lapse"


@dataclass(frozen=True, slots=True)
class Unproved:
    """An account whose address is to be proved."""


class AccountLapse(Process[Unproved], name="identity.account_lapse", version=1):
    """Close an account thirty days after it was opened if nobody has proved its address by then."""

    @on(Account.Opened)
    def opened(self, state: Unproved | None, event: Account.Opened) -> Then[Unproved]:
        if event.email_verified:
            return Then(None)
        return Then(Unproved(), Schedule(_TIMER, event.timestamp + LAPSES_AFTER))

    @on(Account.EmailVerified, Account.Lapsed, Account.Closed, Account.Erased)
    def settled(
        self,
        state: Unproved | None,
        event: Account.EmailVerified | Account.Lapsed | Account.Closed | Account.Erased,
    ) -> Then[Unproved]:
        return Then(None, Cancel(_TIMER), Withdraw(LapseAccount))

    @when_due(_TIMER)
    def due(self, state: Unproved, fired: Fired) -> Then[Unproved]:
        return Then(state, Send(LapseAccount(id=UUID(fired.instance))))

    @when_failed(LapseAccount)
    def lasts(self, state: Unproved | None, failed: Failed[LapseAccount]) -> Then[Unproved]:
        if state is not None and failed.error == AccountLasts.code:
            # The clock of this machine was set back between the timer and the command.
            return Then(state, Schedule(_TIMER, failed.at + LAPSES_AFTER / 30))
        return Then(None)
