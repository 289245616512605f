"""The port to whoever keeps the master key, which wraps the tenants' keys and never leaves its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Context = Mapping[str, str]
"""What a wrapped key belongs to; it only unwraps with the same context."""


class KeyRefused(Exception):
    """The master key will not wrap or unwrap this: it is another's, was tampered with, or is not allowed to us."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key as it may be stored; ``master_key`` names the master key, and its generation, that wrapped it."""

    master_key: str
    data: bytes


class Master(Protocol):
    """A master key in generations, shaped after the services that keep such keys."""

    async def current(self) -> str:
        """The ``master_key`` that `wrap` uses now."""
        ...

    async def wrap(self, plain: bytes, context: Context) -> Wrapped:
        """Wrap a key. Raises KeysUnavailable, KeyRefused."""
        ...

    async def unwrap(self, wrapped: Wrapped, context: Context) -> bytes:
        """The key again. Raises KeysUnavailable, and KeyRefused when it cannot be that key."""
        ...

    async def rotate(self) -> str:
        """Make a new generation the current one and names it; older ones still unwrap.

        Raises KeysUnavailable, KeyRefused.
        """
        ...

    async def close(self) -> None:
        """End its connections."""
        ...
