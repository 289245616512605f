"""Open streams are asked again who they are: what was revoked receives nothing more."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from api.kit.execution.errors import Unauthenticated, failure
from api.kit.http.streams import MOVED, CloseReason, Outbox

I = TypeVar("I")  # noqa: E741

_IN_A_ROUND = 50
"""How many of those are asked in a round about whom nothing is known to have changed."""
_AT_ONCE = 16
"""How many are asked at a time, so that a round takes no more connections than other requests leave."""

CHANGED = CloseReason(4403, "Forbidden: what you may do has changed; connect again")


def forbidden(error: Unauthenticated) -> CloseReason:
    """The end of a connection whose credentials are not good, or no longer."""
    # A close frame has room for 123 bytes.
    return CloseReason(4403, f"Forbidden: {error}".encode()[:123].decode(errors="ignore"))


@dataclass
class _Held(Generic[I]):
    credentials: Mapping[str, str]
    identity: I
    scope: Hashable
    changes: Hashable
    outboxes: set[Outbox] = field(default_factory=set)


class Rechecks(Generic[I]):
    """Authenticates the credentials of open streams again.

    A stream is cut off when its credentials are refused, or give an identity of another scope: one that may see
    more or less. Every `seconds` those are asked about whom `changes(identity)` gives another value than before,
    and of the others those who were not asked for the longest time, at most so many that it costs little. Streams
    with the same credentials cost one check together; none costs anything for a message.
    """

    def __init__(
        self,
        authenticate: Callable[[Mapping[str, str]], Awaitable[I]],
        scope: Callable[[I], Hashable],
        seconds: float,
        changes: Callable[[I], Hashable] = lambda identity: None,
    ) -> None:
        self._authenticate, self._scope = authenticate, scope
        self._seconds, self._changes = seconds, changes
        # Who was asked last stands last.
        self._held: dict[Hashable, _Held[I]] = {}
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many there are to be asked about."""
        return len(self._held)

    def watch(self, credentials: Mapping[str, str], identity: I, outbox: Outbox) -> Callable[[], None]:
        """Cut the outbox off when these credentials do not stand for this identity any more.

        Call what is returned when the stream is over.
        """
        scope = self._scope(identity)
        key: Hashable = (frozenset(credentials.items()), scope)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(credentials, identity, scope, self._changes(identity))
        held.outboxes.add(outbox)
        # The scope of one identity changes with its tenant's place alone.
        outbox.is_in_place = lambda: self._scope(identity) == scope
        if self._task is None:
            # It outlives whoever came first, and is to know nothing of their request.
            self._task = asyncio.create_task(self._run(), name="rechecks", context=Context())

        def leave() -> None:
            held.outboxes.discard(outbox)
            if not held.outboxes and self._held.get(key) is held:
                del self._held[key]
            if not self._held and self._task is not None:
                self._task.cancel()
                self._task = None

        return leave

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            await self._round()

    async def _round(self) -> None:
        changed, others = list[Hashable](), list[Hashable]()
        for key, held in self._held.items():
            (others if self._changes(held.identity) == held.changes else changed).append(key)
        keys, faults = changed + others[:_IN_A_ROUND], list[Exception]()
        for first in range(0, len(keys), _AT_ONCE):
            streams = [self._to_the_end(key) for key in keys[first : first + _AT_ONCE]]
            checks = await asyncio.gather(*(self._check(stream) for stream in streams if stream is not None))
            faults += [fault for fault in checks if fault is not None]
        if faults:
            failure(faults[0])

    def _to_the_end(self, key: Hashable) -> _Held[I] | None:
        held = self._held.pop(key, None)
        if held is not None:
            self._held[key] = held
        return held

    async def _check(self, held: _Held[I]) -> Exception | None:
        """What kept it from being told; the streams then stay as they are."""
        # Before it is asked: what changes meanwhile is asked about again.
        held.changes = self._changes(held.identity)
        try:
            ending = await self._ending(held)
        except Exception as error:  # noqa: BLE001 An edge: logged once for each round.
            return error
        if ending is not None:
            for outbox in tuple(held.outboxes):
                outbox.cut(ending)
        return None

    async def _ending(self, held: _Held[I]) -> CloseReason | None:
        try:
            identity = await self._authenticate(held.credentials)
        except Unauthenticated as error:
            return forbidden(error)
        if self._scope(held.identity) != held.scope:
            return MOVED
        return None if self._scope(identity) == held.scope else CHANGED
