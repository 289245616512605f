"""Attempts that may fail: counted before they are made, by all processes together, in a window that slides."""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.storage.database import Pool

_ATTEMPT = "select *, clock_timestamp() as now from auth.attempt($1, $2, $3, $4, $5, $6, $7)"
_COUNTED = """
select count(*) from auth.attempts, unnest(moments) one
where kind = $1 and fingerprint = $2 and one > clock_timestamp() - $3::interval
"""
_FORGIVE = "delete from auth.attempts where kind = $1 and fingerprint = $2"
_REFUND = """
update auth.attempts set moments = trim_array(moments, 1)
where kind = $1 and fingerprint = $2 and cardinality(moments) > 0
"""
_LIFT = "delete from auth.attempts where about = $1"
_SPEND = """
insert into auth.spent (fingerprint, until) values ($1, clock_timestamp() + $2)
on conflict (fingerprint) do nothing returning true
"""
_TIDY = """
with old as (delete from auth.spent where until < clock_timestamp()),
     strange as (delete from auth.familiar where at < clock_timestamp() - interval '90 days')
delete from auth.attempts where at < clock_timestamp() - interval '2 days'
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """After ``free`` attempts within ``window`` each further one waits, twice as long as the last: from ``pause``
    to ``longest``."""

    kind: str
    free: int
    window: timedelta
    pause: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=15)

    def strict(self) -> "Limit":
        """The same where one more mistake is one too many."""
        return replace(self, free=1)


_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)

PASSWORD = Limit("password", free=5, window=_DAY)
"""Wrong passwords for one account from one place."""
ACCOUNT = Limit("account", free=10, window=_DAY, pause=timedelta())
"""Wrong passwords for one account from anywhere. Beyond them unknown places have but one mistake each."""
NETWORK = Limit("network", free=100, window=_HOUR, pause=timedelta())
"""Wrong passwords for any account from one network: beyond them it is strict with those it does not know."""
FACTOR = Limit("factor", free=5, window=_DAY)
"""Wrong codes for one account from one place."""
FACTOR_ANYWHERE = Limit("factor anywhere", free=20, window=_DAY)
"""Wrong codes for one account from all unknown places together: a code has but six digits."""
FORGOT = Limit("forgot", free=30, window=_HOUR, pause=timedelta(minutes=1))
"""Resets asked for from one network."""
REGISTER = Limit("register", free=100, window=_HOUR, pause=timedelta(minutes=1))
"""Accounts opened from one network."""
MAIL = Limit("mail", free=5, window=_DAY, pause=timedelta(minutes=5), longest=timedelta(hours=4))
"""How often somebody is sent mail because it was asked for from one place."""
VERIFICATION = Limit("verification", free=3, window=_DAY, pause=_DAY, longest=_DAY)
"""Links asked for that prove an address: no more than there is room for in `app.mail.allowance`, or they would be
promised and not sent."""
MAIL_ANYWHERE = Limit("mail anywhere", free=20, window=_DAY, pause=timedelta(hours=1))
"""How often somebody is sent mail because it was asked for from unknown places."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What is to become of an attempt: ``refused`` must fail, whatever it brings; ``locks`` says that after this
    one nothing is taken ``until`` then, if it fails."""

    refused: bool
    locks: bool
    until: datetime | None
    now: datetime
    """The database's clock, the same for all processes."""

    @property
    def wait(self) -> int:
        """In how many seconds to try again, at least 1."""
        left = (self.until - self.now).total_seconds() if self.until else 0.0
        return max(1, int(left) + 1)


class Attempts:
    """Counts attempts. The names behind them, such as e-mail addresses, are stored as keyed fingerprints only."""

    def __init__(self, pool: Pool, key: str) -> None:
        """``key``: 64 hexadecimal digits."""
        self.pool, self._key = pool, bytes.fromhex(key)

    async def admit(self, limit: Limit, name: str, *, about: str = "") -> Admission:
        """Count an attempt that is about to be made, concerning the account ``about`` if one is named."""
        row = await self.pool.fetchrow(
            _ATTEMPT,
            limit.kind,
            self.fingerprint(limit.kind, name),
            self.fingerprint("about", about) if about else "",
            limit.free,
            limit.pause,
            limit.longest,
            limit.window,
        )
        assert row is not None, "a function answers one row"
        return Admission(row["refused"], row["locks"], row["until"], row["now"])

    async def is_over(self, limit: Limit, name: str) -> bool:
        """Whether as many were counted as the limit allows; nothing is counted."""
        found = await self.pool.fetchval(
            _COUNTED, limit.kind, self.fingerprint(limit.kind, name), limit.window
        )
        return int(found) >= limit.free

    async def note(self, limit: Limit, name: str, *, about: str = "") -> bool:
        """Count an attempt that has failed, by a limit that refuses none; whether it is now reached."""
        return (await self.admit(limit, name, about=about)).locks

    async def forgive(self, limit: Limit, name: str) -> None:
        """Forget the attempts under a name, after one that was right."""
        await self.pool.execute(_FORGIVE, limit.kind, self.fingerprint(limit.kind, name))

    async def refund(self, limit: Limit, name: str) -> None:
        """Uncount the newest attempt under a name, which was not made after all."""
        await self.pool.execute(_REFUND, limit.kind, self.fingerprint(limit.kind, name))

    async def lift(self, about: str) -> None:
        """Forget every attempt that concerned an account, wherever it was made."""
        await self.pool.execute(_LIFT, self.fingerprint("about", about))

    async def spend(self, what: str, lifetime: timedelta) -> bool:
        """Whether this is used for the first time; ``lifetime`` is how long anybody could use it again."""
        found = await self.pool.fetchval(_SPEND, self.fingerprint("spent", what), lifetime)
        return found is True

    async def tidy(self) -> None:
        """Drop what counts no more."""
        await self.pool.execute(_TIDY)

    def fingerprint(self, kind: str, name: str) -> str:
        """What stands for a name in the tables."""
        return hmac.digest(self._key, f"{kind}\0{name}".encode(errors="replace"), "sha256").hex()
