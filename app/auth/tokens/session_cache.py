"""Which sessions live: Postgres says so, Redis remembers it for an hour, each process for two seconds."""

import contextlib
import hashlib
import logging
import math
import time
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from cachetools import FIFOCache
from redis.asyncio import Redis

from app.auth.tokens.revisions import RevisionCounter
from domain.identity.accounts import AccountStatus
from domain.kit.caller import ACCOUNTS, Caller
from projections.identity.auth_accounts import AccountRow, Accounts
from projections.identity.auth_sessions import SessionRow, Sessions, UserSessions
from projections.kit.declare.row import replace
from projections.kit.read.circuit_breaker import Breaker, Unavailable
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows

HOLD = 2.0
"""Seconds for which a process goes by what it has just read."""
CACHED = timedelta(hours=1)
"""For how long at most Redis holds a session."""
_CAPACITY = 20_000
_PAGE = 500
_logger = logging.getLogger(__name__)


class Alive(msgspec.Struct, frozen=True, array_like=True):
    """A session that lives."""

    id: UUID
    user_id: UUID
    expires_at: datetime
    second_factor: bool
    began: datetime
    reached: int = 0
    """Up to where the log was known to whoever read this in Postgres."""


class SessionCache:
    """Looks sessions up, and forgets them at once when they end.

    Redis is asked through a breaker, so that no request waits for one that hangs. What could not be removed from
    it meanwhile is not believed when it is back: an entry counts only if it was read from Postgres after
    everything that this process has heard of and could not tell Redis.
    """

    def __init__(self, rows: PostgresRows, redis: Redis, prefix: str, breaker: Breaker) -> None:
        """``prefix``: what all keys in Redis begin with."""
        self._rows, self._redis, self._prefix, self._breaker = rows, redis, prefix, breaker
        self._reached = 0
        self._believed: float = math.inf
        self._held: FIFOCache[UUID, tuple[float, Alive | None]] = FIFOCache(_CAPACITY)
        self._decoder = msgspec.json.Decoder(Alive)
        self.changes = RevisionCounter()
        """What was forgotten because it has changed."""

    async def find(self, session_id: UUID) -> Alive | None:
        """The session, if it lives."""
        held = self._held.get(session_id)
        now = time.monotonic()
        if held is None or held[0] < now:
            found = await self._found(session_id)
            self._held[session_id] = now + HOLD, found
        else:
            found = held[1]
        return found if found is not None and found.expires_at > datetime.now(UTC) else None

    async def of(
        self, user_id: UUID, *, first: int, after: UUID | None = None, but: UUID | None = None
    ) -> list[SessionRow]:
        """The newest of a person's sessions that live, but for one, or the newest that began before ``after``."""
        account = await self.account(user_id)
        began = await self._began(user_id, after) if after else None
        now, found = datetime.now(UTC), list[SessionRow]()
        order = Order("created_at", descending=True)
        async for row in sessions_of(self._rows, user_id, order, after=began):
            if row.id != but and row.expires_at > now and _counts(row, account):
                found.append(_with_factor(row, account))
                if len(found) == first:
                    break
        return found

    async def shown(self, session_id: UUID) -> SessionRow | None:
        """A session that lives, as its person sees it."""
        row = await self.row(session_id)
        account = await self.account(row.user_id) if row is not None else None
        return _with_factor(row, account) if row is not None and _counts(row, account) else None

    async def _began(self, user_id: UUID, session_id: UUID) -> RowPlace | None:
        """Where a session stands among those of a person, also one that is over."""
        row = (await self._rows.get(UserSessions, ACCOUNTS, [(session_id,)])).get((session_id,))
        return RowPlace(row.started_at, (session_id,)) if row is not None and row.user_id == user_id else None

    async def row(self, session_id: UUID) -> SessionRow | None:
        """A session as it stands, over or not."""
        return (await self._rows.get(Sessions, ACCOUNTS, [(session_id,)])).get((session_id,))

    async def ids_of(self, user_id: UUID) -> list[UUID]:
        """All of a person's sessions that were not ended by themselves, those that have run out among them."""
        return [row.id async for row in sessions_of(self._rows, user_id, Order("created_at"))]

    async def forget(self, session_ids: Iterable[UUID]) -> None:
        """Ask Postgres again for these sessions."""
        ids = list(session_ids)
        for id in ids:
            self._held.pop(id, None)
        if ids:
            try:
                async with self._breaker.guard():
                    await self._redis.delete(*map(self._key, ids))
            except Unavailable as error:
                self._believed = math.inf
                _logger.warning(
                    "Sessions are read from Postgres, because their ends could not be published: %s",
                    error,
                )
        # Afterwards, or whoever asks at once would be told what was.
        self.changes.note(ids)

    async def forget_person(self, user_id: UUID) -> None:
        """Ask Postgres again for all sessions of a person."""
        held = [id for id, (_, alive) in self._held.items() if alive is not None and alive.user_id == user_id]
        await self.forget({*held, *await self.ids_of(user_id)})
        self.changes.note([user_id])

    def heard(self, position: int) -> None:
        """Everything up to this position of the log has been acted on; called in order, first where it begins."""
        self._reached = position
        if self._believed == math.inf:
            self._believed = position

    async def _cached(self, session_id: UUID) -> Alive | None:
        try:
            async with self._breaker.guard():
                kept = await self._redis.get(self._key(session_id))
        except Unavailable:
            return None
        with contextlib.suppress(msgspec.DecodeError):
            found = self._decoder.decode(kept) if kept else None
            return found if found is not None and found.reached >= self._believed else None
        return None

    async def _found(self, session_id: UUID) -> Alive | None:
        if (kept := await self._cached(session_id)) is not None:
            return kept
        alive = await self._read(session_id)
        if alive is None:
            return None
        left = min(alive.expires_at - datetime.now(UTC), CACHED)
        if left > timedelta(seconds=1):
            alive = await self._kept(alive, left)
        return alive

    async def _kept(self, alive: Alive, left: timedelta) -> Alive | None:
        """Keep a session in Redis; what Postgres says of it after that.

        Had it ended between reading and keeping, it would come back to life for an hour. So it is kept for
        a moment first, and for longer once Postgres was asked again.
        """
        key = self._key(alive.id)
        try:
            async with self._breaker.guard():
                await self._redis.set(key, msgspec.json.encode(alive), px=int(HOLD * 1000))
        except Unavailable:
            return alive
        again = await self._read(alive.id)
        with contextlib.suppress(Unavailable):
            async with self._breaker.guard():
                if again is None:
                    await self._redis.delete(key)
                else:
                    await self._redis.expire(key, left)
        return again

    async def _read(self, session_id: UUID) -> Alive | None:
        reached = self._reached
        row = await self.row(session_id)
        account = await self.account(row.user_id) if row is not None else None
        if row is None or not _counts(row, account):
            return None
        shown = _with_factor(row, account).second_factor
        return Alive(row.id, row.user_id, row.expires_at, shown, row.created_at, reached)

    async def account(self, user_id: UUID) -> AccountRow | None:
        """What a person signs in with."""
        return (await self._rows.get(Accounts, ACCOUNTS, [(user_id,)])).get((user_id,))

    def _key(self, session_id: UUID) -> str:
        # The id stands in access tokens; its hash in Redis opens nothing.
        return f"{self._prefix}:rd:session:{hashlib.sha256(session_id.bytes).hexdigest()}"


async def sessions_of(
    rows: PostgresRows, user_id: UUID, order: Order, *, after: RowPlace | None = None
) -> AsyncIterator[SessionRow]:
    """A person's sessions that were not ended by themselves, those that have run out among them."""
    while True:
        page = await rows.page(
            Sessions, ACCOUNTS, where=equals("user_id", user_id), order=order, limit=_PAGE, after=after
        )
        for row in page.rows:
            yield row
        if not page.more_after:
            return
        after = RowPlace(page.rows[-1].created_at, (page.rows[-1].id,))


def session_of(caller: Caller) -> UUID | None:
    """The session that a caller uses; None for one that is no person who has signed in."""
    return UUID(caller.session_id) if caller.session_id else None


def _with_factor(row: SessionRow, account: AccountRow | None) -> SessionRow:
    """The session as one without a second factor, unless the one that the account has now was shown in it."""
    shown = account is not None and account.factor_confirmed and row.factor_shown > account.factor_since
    return replace(row, second_factor=row.second_factor and shown)


def _counts(row: SessionRow, account: AccountRow | None) -> bool:
    """Whether the account lets the session go on: a new password ends all others in the event that brings it."""
    if account is None or account.status is not AccountStatus.OPEN:
        return False
    return row.began > account.sessions_after or row.id == account.kept_session
