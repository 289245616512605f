"""Attempts to sign in: counted before they are made, by all processes together, and blocked for ever longer."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database import Pool

_ATTEMPT = "select *, clock_timestamp() as now from auth.attempt($1, $2, $3, $4, $5, $6)"
_FORGIVE = "delete from auth.attempts where kind = $1 and fingerprint = $2"
_REFUND = "update auth.attempts set count = greatest(count - 1, 0) where kind = $1 and fingerprint = $2"
_SPEND = """
insert into auth.spent (fingerprint, until) values ($1, clock_timestamp() + $2)
on conflict (fingerprint) do nothing returning true
"""
_TIDY = """
with old as (delete from auth.spent where until < clock_timestamp())
delete from auth.attempts where at < clock_timestamp() - interval '2 days'
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """After ``free`` attempts each further one waits, twice as long as the last: from ``pause`` to ``longest``.

    What is older than ``forgotten`` does not count.
    """

    kind: str
    free: int
    pause: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=15)
    forgotten: timedelta = timedelta(days=1)


ACCOUNT = Limit("account", free=5)
FACTOR = Limit("factor", free=5)
ADDRESS = Limit("address", free=100, forgotten=timedelta(hours=1))
"""Many people may share an address, so its limit is far higher than an account's."""
MAIL = Limit("mail", free=5, pause=timedelta(minutes=5), longest=timedelta(hours=4))
"""How often somebody is sent mail because another one typed his address."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What is to become of an attempt: ``refused`` must fail, whatever it brings; ``locks`` says that after this
    one nothing is taken ``until`` then, if it fails."""

    refused: bool
    locks: bool
    until: datetime | None
    now: datetime
    """The database's clock, the same for all processes."""


class Attempts:
    """Counts attempts. The names behind them, such as e-mail addresses, are stored as keyed fingerprints only."""

    def __init__(self, pool: Pool, key: str) -> None:
        """``key``: 64 hexadecimal digits."""
        self._pool, self._key = pool, bytes.fromhex(key)

    async def admit(self, limit: Limit, name: str) -> Admission:
        """Counts an attempt that is about to be made."""
        row = await self._pool.fetchrow(
            _ATTEMPT,
            limit.kind,
            self._fingerprint(limit.kind, name),
            limit.free,
            limit.pause,
            limit.longest,
            limit.forgotten,
        )
        assert row is not None, "a function answers one row"
        return Admission(row["refused"], row["locks"], row["until"], row["now"])

    async def forgive(self, limit: Limit, name: str) -> None:
        """Forgets the attempts under a name, after one that was right."""
        await self._pool.execute(_FORGIVE, limit.kind, self._fingerprint(limit.kind, name))

    async def refund(self, limit: Limit, name: str) -> None:
        """Uncounts one attempt, which was right, of those under a name that others share."""
        await self._pool.execute(_REFUND, limit.kind, self._fingerprint(limit.kind, name))

    async def spend(self, what: str, lifetime: timedelta) -> bool:
        """Whether this is used for the first time; ``lifetime`` is how long anybody could use it again."""
        found = await self._pool.fetchval(_SPEND, self._fingerprint("spent", what), lifetime)
        return found is True

    async def tidy(self) -> None:
        """Drops what counts no more."""
        await self._pool.execute(_TIDY)

    def _fingerprint(self, kind: str, name: str) -> str:
        return hmac.digest(self._key, f"{kind}\0{name}".encode(errors="replace"), "sha256").hex()
