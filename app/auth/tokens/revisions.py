"""What has just changed about whom, so that those who are connected are asked again at once."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from uuid import UUID

from domain.kit.caller import Caller

_CAPACITY = 50_000


class RevisionCounter:
    """Counts the changes of sessions, people and tenants, each known by its id, since this process began."""

    def __init__(self) -> None:
        self._counts: OrderedDict[UUID, int] = OrderedDict()
        self._last = 0

    def note(self, ids: Iterable[UUID]) -> None:
        """Something about these has changed."""
        for id in ids:
            self._last += 1
            self._counts[id] = self._last
            self._counts.move_to_end(id)
        while len(self._counts) > _CAPACITY:
            # Whoever is forgotten looks changed once more, and is asked once too often.
            self._counts.popitem(last=False)

    def of(self, caller: Caller) -> Hashable:
        """Another value after every change of the caller's session, person or tenant."""
        session = UUID(caller.session_id) if caller.session_id else None
        return tuple(self._counts.get(one) for one in (session, caller.user_id, caller.tenant_id) if one)
