"""Sessions and their tokens: started, refreshed, switched, ended."""

import asyncio
import base64
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from api.auth.port import Granted, OwnSession
from app.auth.account_repository import AccountRepository
from app.auth.tokens.principals import Callers
from app.auth.tokens.session_cache import SessionCache, session_of
from app.auth.tokens.signed_tokens import Uses, signed
from app.auth.tokens.signing_keys import SigningKeys
from app.http.client_info import origin
from app.http.session_cookies import session_cookies
from app.mail.mailed_tokens import hash_of
from domain.identity.sessions import (
    IDLE,
    Ending,
    EndSession,
    RefreshedJustNow,
    RefreshSession,
    SessionIsOver,
    StartSession,
    SwitchTenant,
)
from domain.identity.sign_in_refusals import NotInTenant, RefreshRefused
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.ids import read_hex
from domain.kit.log import GLOBAL
from domain.kit.refusals import NotFound, Refusal
from projections.identity.auth_accounts import AccountRow
from projections.identity.auth_sessions import SessionRow

ACCESS = timedelta(minutes=15)
"""How long an access token lasts."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a genuine refresh token says; whether it is still good stands with the session."""

    session_id: UUID
    hash: str


class RefreshTokens:
    """``hw_refresh_<session>_<secret>``: 16 random bytes and a mac over them and the session's id.

    The mac tells a token that was used before, which ends the session, from one that somebody made up, which must
    not: session ids are no secret.
    """

    def __init__(self, key: str) -> None:
        """``key``: 64 hexadecimal digits."""
        self._key = bytes.fromhex(key)

    def new(self, session_id: UUID) -> str:
        """Another token for a session."""
        random = secrets.token_bytes(16)
        secret = base64.urlsafe_b64encode(random + self._mac(session_id, random)).decode()
        return f"hw_refresh_{session_id.hex}_{secret}"

    def read(self, token: str) -> Refresh | None:
        """What it says, if this key made it."""
        try:
            product, kind, session, secret = token.split("_", 3)
            session_id, decoded = read_hex(session), base64.urlsafe_b64decode(secret.encode("ascii"))
        except ValueError:
            return None
        random, mac = decoded[:16], decoded[16:]
        genuine = hmac.compare_digest(mac, self._mac(session_id, random))
        # Base64 has several spellings of one secret; only the one that was given out counts.
        spelled = secret == base64.urlsafe_b64encode(decoded).decode()
        if not genuine or not spelled or (product, kind) != ("hw", "refresh"):
            return None
        return Refresh(session_id, hash_of(token))

    def _mac(self, session_id: UUID, random: bytes) -> bytes:
        return hmac.digest(self._key, session_id.bytes + random, "sha256")[:16]


class SessionService:
    """The application's `api.auth.port.SessionKeeping`."""

    def __init__(
        self,
        book: AccountRepository,
        keys: SigningKeys,
        tokens: RefreshTokens,
        living: SessionCache,
        callers: Callers,
    ) -> None:
        self._book, self._keys, self._tokens, self._living = book, keys, tokens, living
        self._callers, self._ids = callers, TimeOrderedIds()

    async def start(
        self, account_id: UUID, tenant_id: UUID | None, *, method: str, second_factor: bool = False
    ) -> Granted:
        """Sign in a person who has shown who they are. The session's id is new, whatever the client held."""
        session_cookies().check()
        id, seen, jti = self._ids.new(), origin(), uuid4().hex
        refresh = self._tokens.new(id)
        outcome = await self._book.send(
            StartSession(
                id=id,
                user_id=account_id,
                tenant_id=tenant_id,
                token_hash=hash_of(jti),
                refresh_hash=hash_of(refresh),
                method=method,
                second_factor=second_factor,
                ip_address=seen.address,
                user_agent=seen.user_agent,
            ),
            by=account_id,
        )
        assert not isinstance(outcome, Refusal), outcome
        return await self._granted(account_id, id, tenant_id, jti, refresh)

    async def enter(
        self, account: AccountRow, wanted: UUID | None, *, method: str, second_factor: bool = False
    ) -> Granted | Refusal:
        """Sign somebody in to the tenant that is wanted, if they belong to it, else to the first of theirs."""
        tenant_id = await self.choose(account, wanted)
        if wanted is not None and tenant_id is None:
            return NotInTenant(field="tenant_id")
        return await self.start(account.id, tenant_id, method=method, second_factor=second_factor)

    async def choose(self, account: AccountRow, wanted: UUID | None) -> UUID | None:
        """The tenant to sign in to: the one wanted, else the first that lets the person in; None without one."""
        for tenant_id in account.tenants:
            if wanted in (None, tenant_id) and await self._callers.belongs(tenant_id, account.id):
                return tenant_id
        return None

    async def refresh(self, token: str) -> Granted | Refusal:
        """Of two at the same moment one wins; see `RefreshSession`."""
        cookies = session_cookies()
        cookies.check()
        found = await self._refreshed(token or cookies.refresh_token)
        if not token and isinstance(found, Refusal) and not isinstance(found, RefreshedJustNow):
            cookies.drop()
        return found

    async def _refreshed(self, token: str) -> Granted | Refusal:
        shown = self._tokens.read(token)
        if shown is None:
            return RefreshRefused()
        row = await self._living.row(shown.session_id)
        if row is None or await self._living.find(shown.session_id) is None:
            return RefreshRefused()
        fresh, jti = self._tokens.new(row.id), uuid4().hex
        outcome = await self._book.send(
            RefreshSession(
                id=row.id, presented=shown.hash, refresh_hash=hash_of(fresh), token_hash=hash_of(jti)
            ),
            by=row.user_id,
        )
        if isinstance(outcome, Refusal):
            return RefreshRefused() if isinstance(outcome, NotFound) else outcome
        now = await self._living.row(row.id)
        if now is None or now.refresh_token_hash != hash_of(fresh):
            await self._living.forget([row.id])
            return RefreshRefused()
        tenant_id = now.in_tenant
        if tenant_id is not None and not await self._callers.belongs(
            tenant_id, row.user_id, began=row.created_at
        ):
            tenant_id = None
        return await self._granted(row.user_id, row.id, tenant_id, jti, fresh)

    async def switch(self, caller: Caller, tenant_id: UUID) -> Granted | Refusal:
        session_cookies().check()
        session_id = session_of(caller)
        account = await self._book.account(caller.user_id)
        if session_id is None or account is None or tenant_id not in account.tenants:
            return NotInTenant(field="tenant_id")
        if not await self._callers.belongs(tenant_id, caller.user_id):
            return NotInTenant(field="tenant_id")
        row = await self._living.row(session_id)
        if row is None or not await self._callers.belongs(tenant_id, caller.user_id, began=row.created_at):
            return SessionIsOver()
        jti = uuid4().hex
        command = SwitchTenant(id=session_id, tenant_id=tenant_id, token_hash=hash_of(jti))
        outcome = await self._book.send(command, by=caller.user_id)
        if isinstance(outcome, Refusal):
            return outcome
        return await self._granted(caller.user_id, session_id, tenant_id, jti, "")

    async def end(self, caller: Caller, session_id: UUID | None = None, *, reason: Ending) -> Refusal | None:
        id = session_id or session_of(caller)
        row = await self._living.row(id) if id is not None else None
        if row is None or row.user_id != caller.user_id or caller.kind != "person":
            return NotFound(field="id", what="session")
        await self._end([row.id], caller.user_id, reason)
        if row.id == session_of(caller):
            session_cookies().drop()
        return None

    async def leave(self) -> bool:
        cookies = session_cookies()
        shown = self._tokens.read(cookies.refresh_token)
        row = await self._living.row(shown.session_id) if shown is not None else None
        if row is not None:
            await self._end([row.id], row.user_id, Ending.SIGNED_OUT)
        cookies.drop()
        return row is not None

    async def end_others(self, caller: Caller) -> int:
        current = session_of(caller)
        # A key acts in its creator's name, but its creator is not signed in.
        return await self.end_all(caller.user_id, Ending.REVOKED, but=current) if current else 0

    async def end_all(self, user_id: UUID, reason: Ending, *, but: UUID | None = None) -> int:
        """End a person's sessions, but for one; how many there were."""
        # Those that a new password ended in Postgres are among them: their streams say so, too.
        ids = [id for id in await self._living.ids_of(user_id) if id != but]
        await self._end(ids, user_id, reason)
        return len(ids)

    async def own(self, caller: Caller, *, first: int, after: UUID | None) -> list[OwnSession]:
        current = session_of(caller)
        if current is None:
            return []
        # The one in use comes first, and the others follow from the newest, wherever it would stand.
        rows = await self._living.of(
            caller.user_id, first=first, after=None if after == current else after, but=current
        )
        if after is None:
            this = await self._living.shown(current)
            rows = [*([this] if this is not None else []), *rows][:first]
        return await self._shown(rows, current)

    async def some(self, caller: Caller, ids: Collection[UUID]) -> list[OwnSession]:
        current = session_of(caller)
        if current is None:
            return []
        own = await self._living.ids_of(caller.user_id)
        rows = await asyncio.gather(*(self._living.shown(id) for id in own if id in ids))
        return await self._shown([row for row in rows if row is not None], current)

    async def _shown(self, rows: Sequence[SessionRow], current: UUID) -> list[OwnSession]:
        texts = await self._book.opened(*(text for row in rows for text in (row.ip_address, row.user_agent)))
        return [
            OwnSession(
                id=row.id,
                current=row.id == current,
                method=row.method,
                second_factor=row.second_factor,
                ip_address=texts[2 * place],
                user_agent=texts[2 * place + 1],
                created_at=row.created_at,
                last_accessed_at=row.last_accessed_at,
                expires_at=row.expires_at,
            )
            for place, row in enumerate(rows)
        ]

    async def _end(self, ids: list[UUID], user_id: UUID, reason: Ending) -> None:
        try:
            await asyncio.gather(
                *(self._book.send(EndSession(id=id, reason=reason), by=user_id) for id in ids)
            )
        finally:
            await self._living.forget(ids)

    async def _granted(
        self, account_id: UUID, session_id: UUID, tenant_id: UUID | None, jti: str, refresh: str
    ) -> Granted:
        claims = {
            "sub": str(account_id),
            "sid": str(session_id),
            "tenant": str(tenant_id or GLOBAL),
            "jti": jti,
        }
        access = signed(Uses.ACCESS, await self._keys.current(), claims, lifetime=ACCESS)
        lasts = int(ACCESS.total_seconds())
        csrf, cookies = "", session_cookies()
        if cookies.keeps:
            csrf = cookies.keep(
                session_id, tenant_id or GLOBAL, (access, lasts), (refresh, int(IDLE.total_seconds()))
            )
            access = refresh = ""
        return Granted(
            account_id=account_id,
            session_id=session_id,
            tenant_id=tenant_id,
            access_token=access,
            refresh_token=refresh,
            csrf_token=csrf,
            expires_in=lasts,
        )
