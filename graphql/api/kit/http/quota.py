"""How much each caller, and each tenant, may hold open at a time in one process."""

from collections import Counter
from collections.abc import Callable, Hashable

from api.kit.execution.errors import RequestError, come_back

_RETRY_SECONDS = 30


class Quota:
    """Counts the subscriptions that are open; who has as many as there may be is refused another one.

    It counts over all connections of a caller, which are as many as they like, and takes the place back whichever
    way a subscription ends.
    """

    def __init__(self, caller: int, tenant: int) -> None:
        """``caller`` and ``tenant`` are how many each of them may have."""
        self._each, self._of_tenant = caller, tenant
        self._held: Counter[tuple[Hashable, ...]] = Counter()

    def __len__(self) -> int:
        """How many callers and tenants hold something."""
        return len(self._held)

    def take(self, tenant: Hashable, caller: Hashable) -> Callable[[], None]:
        """Take a place; call what is returned to give it back, which may be done twice. Raises RequestError."""
        if self._held[tenant, caller] >= self._each:
            raise _too_many(f"You have {self._each} subscriptions open, the most you may have at a time.")
        if self._held[(tenant,)] >= self._of_tenant:
            raise _too_many(
                f"Your company has {self._of_tenant} subscriptions open, the most it may have at a time."
            )
        holders: list[tuple[Hashable, ...]] = [(tenant, caller), (tenant,)]
        self._held.update(holders)

        def give_back() -> None:
            while holders:
                holder = holders.pop()
                self._held[holder] -= 1
                if not self._held[holder]:
                    del self._held[holder]

        return give_back


def _too_many(message: str) -> RequestError:
    return RequestError.of(message, "TOO_MANY_SUBSCRIPTIONS", 429, come_back(_RETRY_SECONDS, "subscriptions"))
