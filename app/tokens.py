"""Bearer tokens: signed JWTs that carry tenant, user and permissions; nothing else says who asks."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from api.kit.errors import Unauthenticated
from domain.kit.caller import Caller

_ALGORITHM = "HS256"
_ISSUER = "headwater"
_REQUIRED = ["exp", "iat", "iss", "sub", "tenant"]


class Tokens:
    """Issues and checks tokens with one key (64 hexadecimal digits)."""

    def __init__(self, key: str) -> None:
        self._key = key

    def issue(
        self,
        *,
        tenant_id: UUID,
        user_id: UUID,
        permissions: Iterable[str] = (),
        lifetime: timedelta = timedelta(hours=12),
        now: datetime | None = None,
    ) -> str:
        """A token for one person in one tenant."""
        issued = now or datetime.now(UTC)
        claims = {
            "iss": _ISSUER,
            "sub": str(user_id),
            "tenant": str(tenant_id),
            "permissions": sorted(permissions),
            "iat": issued,
            "exp": issued + lifetime,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Who the ``authorization`` header (or a WebSocket's ``token``) says is asking.

        Raises Unauthenticated with what is wrong, as far as the bearer may know it.
        """
        token = _bearer(headers)
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                leeway=timedelta(seconds=10),
                options={"require": _REQUIRED},
            )
            permissions = claims.get("permissions", [])
            if not isinstance(permissions, list) or not all(isinstance(one, str) for one in permissions):
                raise ValueError
            return Caller(
                tenant_id=UUID(claims["tenant"]),
                user_id=UUID(claims["sub"]),
                permissions=frozenset(permissions),
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
                session_id=str(claims["sid"]) if "sid" in claims else None,
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired.") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError):
            raise Unauthenticated("The token is not valid.") from None


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if plain := headers.get("token", "").strip():
        return plain
    raise Unauthenticated("Send a token as `Authorization: Bearer …`.")
