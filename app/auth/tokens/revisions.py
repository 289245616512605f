"""What has just changed about whom, so that those who are connected are asked again at once."""

from collections.abc import Hashable, Iterable
from uuid import UUID

from cachetools import FIFOCache

from domain.kit.caller import Caller

_CAPACITY = 50_000


class RevisionCounter:
    """Counts the changes of sessions, people and tenants, each known by its id, since this process began."""

    def __init__(self) -> None:
        # Whoever is forgotten looks changed once more, and is asked once too often.
        self._counts: FIFOCache[UUID, int] = FIFOCache(_CAPACITY)
        self._last = 0

    def note(self, ids: Iterable[UUID]) -> None:
        """Something about these has changed."""
        for id in ids:
            self._last += 1
            self._counts[id] = self._last

    def of(self, caller: Caller) -> Hashable:
        """Another value after every change of the caller's session, person or tenant."""
        session = UUID(caller.session_id) if caller.session_id else None
        return tuple(self._counts.get(id) for id in (session, caller.user_id, caller.tenant_id) if id)
