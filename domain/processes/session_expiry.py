"""Sessions that nobody has refreshed in time are ended, so that their history says when."""

from dataclasses import dataclass
from uuid import UUID

from domain.identity.sessions import ExpireSession, Session
from domain.kit.process.effects import Failed, Fired, Schedule, Send, Then
from domain.kit.process.process import Process, on, when_due, when_failed

_TIMER = "expire"


@dataclass(frozen=True, slots=True)
class Lasting:
    """A session that lasts, as far as is known."""


class SessionExpiry(Process[Lasting], name="identity.session_expiry", version=1):
    """End a session when its time is over. Its tokens are refused from then on whether or not this has run."""

    @on(Session.Started, Session.Rotated)
    def lasts(self, state: Lasting | None, event: Session.Started | Session.Rotated) -> Then[Lasting]:
        return Then(Lasting(), Schedule(_TIMER, event.expires_at))

    @on(Session.Ended)
    def ended(self, state: Lasting | None, event: Session.Ended) -> Then[Lasting]:
        return Then(None)

    @when_due(_TIMER)
    def over(self, state: Lasting | None, fired: Fired) -> Then[Lasting]:
        return Then(state, Send(ExpireSession(id=UUID(fired.instance))))

    @when_failed(ExpireSession)
    def refreshed(self, state: Lasting | None, failed: Failed[ExpireSession]) -> Then[Lasting]:
        # It was refreshed at that moment, and has another timer.
        return Then(state)
