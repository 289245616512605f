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

    def __init__(self, caller: int, tenant: int, caller_bytes: int) -> None:
        """``caller`` and ``tenant`` are how many each of them may have, ``caller_bytes`` what a caller's may take
        together; a tenant's as much more as there may be more of them."""
        self._each, self._of_tenant = caller, tenant
        self._bytes, self._bytes_of_tenant = caller_bytes, caller_bytes * max(tenant // caller, 1)
        self._held: Counter[tuple[Hashable, ...]] = Counter()
        self._sizes: Counter[tuple[Hashable, ...]] = Counter()

    def __len__(self) -> int:
        """How many callers and tenants hold something."""
        return len(self._held)

    def take(self, tenant: Hashable, caller: Hashable, size: int) -> Callable[[], None]:
        """Take a place, and so many bytes; call what is returned to give them back, which may be done twice.

        Raises RequestError."""
        if self._held[tenant, caller] >= self._each:
            raise _too_many(f"You have {self._each} subscriptions open, the most you may have at a time.")
        if self._held[(tenant,)] >= self._of_tenant:
            raise _too_many(
                f"Your company has {self._of_tenant} subscriptions open, the most it may have at a time."
            )
        if self._sizes[tenant, caller] + size > self._bytes:
            raise _too_many("The documents and variables of your open subscriptions are too large together.")
        if self._sizes[(tenant,)] + size > self._bytes_of_tenant:
            raise _too_many(
                "The documents and variables of your company's open subscriptions are too large together."
            )
        holders: list[tuple[Hashable, ...]] = [(tenant, caller), (tenant,)]
        self._held.update(holders)
        self._sizes.update(dict.fromkeys(holders, size))

        def give_back() -> None:
            while holders:
                holder = holders.pop()
                self._held[holder] -= 1
                self._sizes[holder] -= size
                if not self._held[holder]:
                    del self._held[holder], self._sizes[holder]

        return give_back


def _too_many(message: str) -> RequestError:
    return RequestError.of(message, "TOO_MANY_SUBSCRIPTIONS", 429, come_back(_RETRY_SECONDS, "subscriptions"))
