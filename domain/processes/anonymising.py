"""Anonymising: thirty days after somebody was deleted, nothing but an id is left of him."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.identity.user_commands import AnonymiseUser
from domain.identity.user_rules import TooEarlyToAnonymise
from domain.identity.users import User
from domain.kit.process import Process, on, when_due, when_failed
from domain.kit.wishes import Cancel, Failed, Fired, Schedule, Send, Then, Withdraw

_TIMER = "anonymise"
GRACE = timedelta(days=30)
"""How long a deleted person may come back (GOV-16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Somebody who is deleted; there is nothing else to know."""


class Anonymising(Process[Deleted], name="identity.anonymising", version=1):
    """Counts from the event that deleted him: whatever is changed later does not put it off (C-38)."""

    def __init__(self, *, after: timedelta = GRACE) -> None:
        self._after = after

    @on(User.Deleted)
    def deleted(self, state: Deleted | None, event: User.Deleted) -> Then[Deleted]:
        return Then(Deleted(), Schedule(_TIMER, event.timestamp + self._after))

    @on(User.Reactivated)
    def came_back(self, state: Deleted | None, event: User.Reactivated) -> Then[Deleted]:
        return Then(None, Cancel(_TIMER), Withdraw(AnonymiseUser))

    @when_due(_TIMER)
    def due(self, state: Deleted, fired: Fired) -> Then[Deleted]:
        return Then(state, Send(AnonymiseUser(id=UUID(fired.instance))))

    @when_failed(AnonymiseUser)
    def not_now(self, state: Deleted | None, failed: Failed[AnonymiseUser]) -> Then[Deleted]:
        if state is not None and failed.error == TooEarlyToAnonymise.code:
            # The clock of this machine was set back between the timer and the command.
            return Then(state, Schedule(_TIMER, failed.at + timedelta(hours=1)))
        # He came back, or was erased, at the last moment.
        return Then(None)
