"""Who asks: told by an access token, a service token or an API key, and by nothing else."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.kit.errors import Unauthenticated
from app.auth.callers import Callers
from app.auth.keys import SigningKey, SigningKeys, derived
from app.auth.signed import Expired, NotValid, Uses, kind_of, signed, verified
from domain.kit.caller import NOBODY, Caller

_HOW = "Send a token as `Authorization: Bearer …`."
_EXPIRED, _NOT_VALID = "The token has expired.", "The token is not valid."
_OVER = "The session is over."


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
    ) -> None:
        """``key``: 64 hexadecimal digits. Without ``keys`` and ``callers`` only service tokens are good.

        With ``nobody`` a request that shows nothing is from `NOBODY`; else it is refused.
        """
        self._service = derived(key, "service tokens")
        self._keys, self._callers, self._nobody = keys, callers, nobody

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
            if self._nobody and not headers.get("authorization", "").strip():
                return NOBODY
            raise Unauthenticated(_HOW)
        if token.startswith("hw_"):
            caller = await self._callers.key(token) if self._callers is not None else None
            if caller is None:
                raise Unauthenticated("The API key is not valid.")
            return caller
        try:
            if kind_of(token) == Uses.SERVICE.value.typ:
                return await self._service_of(token)
            return await self._person_of(token)
        except Expired:
            raise Unauthenticated(_EXPIRED) from None
        except (NotValid, ValueError, TypeError, AttributeError, OverflowError):
            raise Unauthenticated(_NOT_VALID) from None

    async def _service_of(self, token: str) -> Caller:
        claims = await verified(Uses.SERVICE, token, self._service_key)
        permissions = claims["permissions"]
        if not isinstance(permissions, list) or not all(isinstance(one, str) for one in permissions):
            raise NotValid
        return Caller(
            tenant_id=UUID(claims["tenant"]),
            user_id=UUID(claims["sub"]),
            permissions=frozenset(permissions),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            kind="service",
        )

    async def _person_of(self, token: str) -> Caller:
        if self._keys is None or self._callers is None:
            raise NotValid
        claims = await verified(Uses.ACCESS, token, self._keys.find)
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


def _shown(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("token", "").strip() or headers.get("x-api-key", "").strip()
