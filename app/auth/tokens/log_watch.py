"""Watching the log, so that what one process ends is over in all of them at once."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol
from uuid import UUID

from app.auth.tokens.principals import Callers
from app.auth.tokens.session_cache import SessionCache
from domain.kit.log import Envelope

_ENDINGS = {
    f"identity.account.{what}"
    for what in (
        "password_changed",
        "email_verified",
        "second_factor_set",
        "second_factor_removed",
        "suspended",
        "closed",
        "lapsed",
        "erased",
    )
}
_STANDINGS = {"identity.user", "identity.role", "tenancy.tenant"}


class EventPages(Protocol):
    """The log's newest events."""

    def pages(self, *, after: int) -> AsyncIterator[Sequence[Envelope]]:
        """Pages of events after a position, without end."""
        ...


async def watch(feed: EventPages, living: SessionCache, callers: Callers, *, after: int) -> None:
    """Forget, without end, what other processes have changed, even if they died right after.

    Without it a session that was ended elsewhere would be taken here for two seconds more, and for up to an hour
    where its end reached Postgres but not Redis.
    """
    living.heard(after)
    async for page in feed.pages(after=after):
        sessions, people, tenants = set[UUID](), set[UUID](), set[UUID]()
        for envelope in page:
            if envelope.topic in _STANDINGS:
                tenants.add(envelope.tenant_id)
            elif envelope.topic == "identity.session":
                sessions.add(envelope.originator_id)
            elif envelope.type in _ENDINGS:
                people.add(envelope.originator_id)
        callers.forget_tenants(tenants)
        await living.forget(sessions)
        for user_id in people:
            await living.forget_person(user_id)
        if page:
            living.heard(page[-1].position)
