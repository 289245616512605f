"""Who asks: told by an access token, a service token or an API key, and by nothing else."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cachetools import TLRUCache

from api.kit.execution.errors import Unauthenticated
from app.auth.tokens.principals import Callers
from app.auth.tokens.signed_tokens import LEEWAY, Expired, NotValid, Uses, kind_of, signed, verified
from app.auth.tokens.signing_keys import SigningKey, SigningKeys, derived
from app.http.session_cookies import session_cookies
from domain.kit.caller import NOBODY, Caller

_HOW = "Send a token as `Authorization: Bearer …`."
_EXPIRED, _NOT_VALID = "The token has expired.", "The token is not valid."
_OVER = "The session is over."
_CAPACITY = 10_000
"""How many tokens are known to be good at the same time."""
_Known = tuple[Uses, dict[str, Any]]
"""The use of a token and what it says: JSON values, hence Any."""


class Tokens:
    """Issues service tokens, and says who a request is from.

    Service tokens are signed by a key that follows from the installation's secret, so that whoever runs it can
    issue them without a database; access tokens by the rotating ones (`SigningKeys`).
    """

    def __init__(
        self,
        key: str,
        *,
        keys: SigningKeys | None = None,
        callers: Callers | None = None,
        nobody: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``key``: 64 hexadecimal digits. Without ``keys`` and ``callers`` only service tokens are good.

        With ``nobody`` a request that shows nothing is from `NOBODY`; else it is refused. ``clock`` tells the
        seconds since 1970.
        """
        self._service = derived(key, "service tokens")
        self._keys, self._callers, self._nobody = keys, callers, nobody
        # Verifying a signature costs more than the rest of a small request. What a token says never changes, so it
        # is kept under the token's hash until the token expires; whether its session lives is asked each time.
        self._known: TLRUCache[bytes, _Known] = TLRUCache(_CAPACITY, ttu=_expiry, timer=clock)

    def issue(
        self,
        *,
        tenant_id: UUID,
        user_id: UUID,
        permissions: Iterable[str] = (),
        lifetime: timedelta = timedelta(hours=12),
        now: datetime | None = None,
    ) -> str:
        """A service token, which may do this and nothing else in one tenant."""
        claims = {"sub": str(user_id), "tenant": str(tenant_id), "permissions": sorted(permissions)}
        return signed(Uses.SERVICE, self._service, claims, lifetime=lifetime, now=now)

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Who the ``authorization`` header says is asking (or a WebSocket's ``token``, or ``x-api-key``).

        Raises Unauthenticated with what is wrong, as far as the bearer may know it.
        """
        token = _shown(headers)
        if not token:
            # Without headers it is asked for nobody.
            if headers and (refused := session_cookies().refused):
                raise Unauthenticated(refused)
            if self._nobody and not headers.get("authorization", "").strip():
                return NOBODY
            raise Unauthenticated(_HOW)
        if token.startswith("hw_"):
            caller = await self._callers.key(token) if self._callers is not None else None
            if caller is None:
                raise Unauthenticated("The API key is not valid.")
            return caller
        try:
            use, claims = await self._said_by(token)
            return self._service_of(claims) if use is Uses.SERVICE else await self._person_of(claims)
        except Expired:
            raise Unauthenticated(_EXPIRED) from None
        except (NotValid, ValueError, TypeError, AttributeError, OverflowError):
            raise Unauthenticated(_NOT_VALID) from None

    async def _said_by(self, token: str) -> _Known:
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            if kind_of(token) == Uses.SERVICE.value.typ:
                known = Uses.SERVICE, await verified(Uses.SERVICE, token, self._service_key)
            elif self._keys is not None:
                known = Uses.ACCESS, await verified(Uses.ACCESS, token, self._keys.find)
            else:
                raise NotValid
            self._known[digest] = known
        return known

    def _service_of(self, claims: dict[str, Any]) -> Caller:
        permissions = claims["permissions"]
        if not isinstance(permissions, list) or not all(
            isinstance(permission, str) for permission in permissions
        ):
            raise NotValid
        return Caller(
            tenant_id=UUID(claims["tenant"]),
            user_id=UUID(claims["sub"]),
            permissions=frozenset(permissions),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            kind="service",
        )

    async def _person_of(self, claims: dict[str, Any]) -> Caller:
        if self._callers is None:
            raise NotValid
        caller = await self._callers.person(
            session_id=UUID(claims["sid"]),
            user_id=UUID(claims["sub"]),
            tenant_id=UUID(claims["tenant"]),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
        if caller is None:
            raise Unauthenticated(_OVER)
        return caller

    async def _service_key(self, kid: str) -> SigningKey | None:
        return self._service if kid == self._service.kid else None


def _expiry(digest: bytes, known: _Known, now: float) -> float:
    """The moment until which a token is good, as `verified` has it, in seconds since 1970."""
    return float(known[1]["exp"]) + LEEWAY.total_seconds()


def _shown(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("token", "").strip() or headers.get("x-api-key", "").strip()
