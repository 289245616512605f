"""Anonymising: thirty days after somebody was deleted, nothing but an id is left of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from domain.identity.user_commands import AnonymiseUser
from domain.identity.user_rules import TooEarlyToAnonymise
from domain.identity.users import User
from domain.kit.process.effects import Call, Cancel, Effect, Failed, Fired, Schedule, Send, Then, Withdraw
from domain.kit.process.process import Process, on, performs, when_due, when_failed

_TIMER = "anonymise"
GRACE = timedelta(days=30)
"""How long a deleted person may come back (GOV-16)."""


class Leaving(Protocol):
    """End what a person signs in with."""

    async def end(self, tenant_id: UUID, subject_id: UUID, *, key: UUID) -> bool:
        """End the sessions and the membership, and the account when it belongs to no other tenant.

        Answers whether the account is gone. May be called again with the same ``key``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Somebody who is deleted; there is nothing else to know."""


class Anonymising(Process[Deleted], name="identity.anonymising", version=1):
    """Count from the event that deleted the person: whatever is changed later does not put it off (C-38)."""

    class Leave(Effect, attempts=15, timeout=60, pause=2):
        """End the account of who was anonymised, unless another tenant needs it."""

        person: UUID

    def __init__(self, leaving: Leaving, *, after: timedelta = GRACE) -> None:
        self._leaving, self._after = leaving, after

    @on(User.Deleted)
    def deleted(self, state: Deleted | None, event: User.Deleted) -> Then[Deleted]:
        return Then(Deleted(), Schedule(_TIMER, event.timestamp + self._after))

    @on(User.Reactivated)
    def came_back(self, state: Deleted | None, event: User.Reactivated) -> Then[Deleted]:
        return Then(None, Cancel(_TIMER), Withdraw(AnonymiseUser))

    @on(User.Anonymised)
    def gone(self, state: Deleted | None, event: User.Anonymised) -> Then[Deleted]:
        return Then(None, self.Leave(person=event.originator_id))

    @performs(Leave)
    async def leave(self, effect: Leave, call: Call[Deleted]) -> bool:
        return await self._leaving.end(call.tenant_id, effect.person, key=call.key)

    @when_due(_TIMER)
    def due(self, state: Deleted, fired: Fired) -> Then[Deleted]:
        return Then(state, Send(AnonymiseUser(id=UUID(fired.instance))))

    @when_failed(AnonymiseUser)
    def not_now(self, state: Deleted | None, failed: Failed[AnonymiseUser]) -> Then[Deleted]:
        if state is not None and failed.error == TooEarlyToAnonymise.code:
            # The clock of this machine was set back between the timer and the command.
            return Then(state, Schedule(_TIMER, failed.at + timedelta(hours=1)))
        # They came back, or were erased, at the last moment.
        return Then(None)
