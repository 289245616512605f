"""What the API works out of a caller: for how long they are good, whose turn they take, who may see the same."""

from collections.abc import Hashable
from datetime import UTC, datetime

from app.contexts import VISIBILITY
from domain.kit.caller import Caller

_MINUTE = 60.0
"""For how long somebody may keep a connection open who does not say who they are."""


def lifetime(caller: Caller) -> float | None:
    """How many seconds the caller's token is still good for; a stream ends with it."""
    if caller.kind == "nobody":
        return _MINUTE
    if caller.expires_at is None:
        return None
    return (caller.expires_at - datetime.now(UTC)).total_seconds()


def shares(caller: Caller) -> tuple[Hashable, Hashable] | None:
    """Whose turn an operation takes: the tenant's, and in it the person's, however many keys and sessions they
    have. Who has not signed in can read nothing that has any size."""
    return None if caller.kind == "nobody" else (caller.tenant_id, (caller.kind == "service", caller.user_id))


def scope(caller: Caller) -> Hashable:
    """Callers who may see the same: those of one tenant with the same permissions, when these show them all of
    its work; who sees but some projects shares with nobody."""
    shared = caller.tenant_id, caller.permissions
    return shared if caller.may(VISIBILITY.sees_all) else (*shared, caller.user_id)
