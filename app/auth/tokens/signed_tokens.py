"""Signed tokens: one algorithm, one type and one audience for each use, so that none passes for another."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import uuid4

import jwt

from app.auth.tokens.signing_keys import SigningKey

ISSUER = "headwater"
ALGORITHM = "EdDSA"
LEEWAY = timedelta(seconds=10)
"""By how much the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a token is for: its type (RFC 8725 asks for explicit ones), its audience and what it must say."""

    typ: str
    audience: str
    claims: tuple[str, ...]


class Uses(Enum):
    """Every use of a signed token."""

    ACCESS = Use("at+jwt", "headwater", ("sub", "tenant", "sid"))
    SERVICE = Use("service+jwt", "headwater", ("sub", "tenant", "permissions"))
    CHALLENGE = Use("challenge+jwt", "headwater/second-factor", ("sub", "method", "line"))
    PROVIDER = Use("oidc+jwt", "headwater/oidc", ("provider", "state", "nonce", "verifier"))


class Expired(Exception):
    """The token was good once."""


class NotValid(Exception):
    """The token is none of ours, or for another use."""


Find = Callable[[str], Awaitable[SigningKey | None]]
"""The key with an id, if it may verify tokens of the use at hand."""


def signed(
    use: Uses, key: SigningKey, claims: dict[str, Any], *, lifetime: timedelta, now: datetime | None = None
) -> str:
    """A token for this use. Claims are JSON values, hence Any."""
    issued = now or datetime.now(UTC)
    said = {
        "iss": ISSUER,
        "aud": use.value.audience,
        "iat": issued,
        "exp": issued + lifetime,
        "jti": uuid4().hex,
        **claims,
    }
    return jwt.encode(said, key.private, algorithm=ALGORITHM, headers={"typ": use.value.typ, "kid": key.kid})


def kind_of(token: str) -> str:
    """The type that a token claims to have; empty for what is no token."""
    try:
        return str(jwt.get_unverified_header(token).get("typ", ""))
    except jwt.InvalidTokenError:
        return ""


async def verified(use: Uses, token: str, find: Find) -> dict[str, Any]:
    """What a good token for this use says. Raises Expired or NotValid.

    The header chooses among our keys and nothing else: not the algorithm, and no key of its own making.
    """
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != use.value.typ or header.get("alg") != ALGORITHM:
            raise NotValid
        kid = header.get("kid")
        key = await find(kid) if isinstance(kid, str) and len(kid) <= 64 else None
        if key is None:
            raise NotValid
        claims: dict[str, Any] = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            audience=use.value.audience,
            issuer=ISSUER,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "jti", *use.value.claims]},
        )
    except jwt.ExpiredSignatureError:
        raise Expired from None
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError):
        raise NotValid from None
    return claims
