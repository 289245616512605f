"""The id token of a provider of identities: its signature, and whom it is by, for and about."""

import hmac
from typing import Any

import jwt

_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_LEEWAY = 10
"""Seconds by which the provider's clock may be ahead of ours."""


class NotOurs(Exception):
    """The token is none of the provider's, or for somebody or something else."""


def claims_of(token: object, published: object, *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """What a good token says. Raises NotOurs.

    ``published``: the provider's JWK set. The header chooses among those keys, and among our algorithms one that
    the key is for. Claims are JSON values, hence Any.
    """
    try:
        if not isinstance(token, str):
            raise NotOurs
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(jwt.get_unverified_header(token), published),
            algorithms=_ALGORITHMS,
            audience=client_id,
            issuer=issuer,
            leeway=_LEEWAY,
            options={
                "require": ["iss", "aud", "exp", "iat", "sub", "nonce"],
                "enforce_minimum_key_length": True,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise NotOurs from error
    said = claims["nonce"]
    if (
        not claims["sub"]
        or not isinstance(said, str)
        or not hmac.compare_digest(said.encode(), nonce.encode())
    ):
        raise NotOurs
    return claims


def _key(header: dict[str, Any], published: object) -> jwt.PyJWK:
    """The key that a header names; without a name, the only one. It is bound to the header's algorithm."""
    keys = published.get("keys") if isinstance(published, dict) else None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(keys, list) or algorithm not in _ALGORITHMS:
        raise NotOurs
    signing = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
    named = signing if kid is None else [key for key in signing if key.get("kid") == kid]
    if len(named) != 1 or named[0].get("alg", algorithm) != algorithm:
        raise NotOurs
    return jwt.PyJWK(named[0], algorithm)
