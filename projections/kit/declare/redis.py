"""Redis views: small rows under keys of a declared shape, each with a time to live."""

from datetime import timedelta
from typing import ClassVar

from projections.kit.declare.row import R
from projections.kit.declare.view import View, ViewStore


class RedisView(View[R]):
    """A view in Redis; each row is one key holding JSON.

    ``pattern`` is the key's shape, as ``project:{project_id}:members``; the view's name and the row's key, if
    nothing is said. Tenant and generation are put in front by the kit. ``ttl`` bounds every key: the view's
    worker renews them while it lives, and the view's checkpoint expires first, so that rows which nobody renewed
    are refilled from the log rather than taken for empty ones.
    """

    store = ViewStore.REDIS
    pattern: ClassVar[str]
    ttl: ClassVar[timedelta]

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        version: int = 1,
        key: str | tuple[str, ...] = "id",
        pattern: str = "",
        ttl: timedelta = timedelta(hours=1),
    ) -> None:
        super().__init_subclass__(name=name, version=version, key=key)
        fields = (key,) if isinstance(key, str) else key
        cls.pattern, cls.ttl = pattern or ":".join([name, *(f"{{{field}}}" for field in fields)]), ttl
