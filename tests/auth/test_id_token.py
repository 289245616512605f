"""Which id tokens of a provider are taken: by its keys, in our algorithms, for us and this once."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from app.auth.id_token import NotOurs, claims_of

ISSUER, CLIENT, NONCE = "https://id.example.com", "headwater", "once"
RSA, SMALL, OTHER = (
    rsa.generate_private_key(public_exponent=65537, key_size=size) for size in (2048, 1024, 2048)
)
EC, ED = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
KINDS: dict[str, tuple[Any, type[Algorithm]]] = {
    "RS256": (RSA, RSAAlgorithm),
    "PS256": (RSA, RSAAlgorithm),
    "ES256": (EC, ECAlgorithm),
    "EdDSA": (ED, OKPAlgorithm),
}


def _published(key: Any, kind: type[Algorithm], **more: object) -> dict[str, Any]:
    public: Any = kind.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": "one", **more}


def _token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "one", **more: object) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "ada", "iat": now, "exp": now + 60, "nonce": NONCE, **more}
    said = {name: value for name, value in claims.items() if value is not ...}
    return jwt.encode(said, key, algorithm=algorithm, headers={} if kid is None else {"kid": kid})


def _read(token: object, *keys: dict[str, Any]) -> dict[str, Any]:
    return claims_of(token, {"keys": list(keys)}, issuer=ISSUER, client_id=CLIENT, nonce=NONCE)


@pytest.mark.parametrize("algorithm", KINDS)
@pytest.mark.parametrize("says", [True, False])
def test_a_token_in_each_of_our_algorithms_is_taken(algorithm: str, says: bool) -> None:
    key, kind = KINDS[algorithm]
    published = _published(key, kind, **({"alg": algorithm, "use": "sig"} if says else {}))
    assert _read(_token(key, algorithm), published)["sub"] == "ada"
    assert _read(_token(key, algorithm, kid=None), published)["sub"] == "ada"


def test_a_key_is_chosen_by_its_name() -> None:
    keys = [_published(OTHER, RSAAlgorithm, kid="zero"), _published(RSA, RSAAlgorithm)]
    assert _read(_token(), *keys)["sub"] == "ada"
    for token in (_token(kid="zero"), _token(kid="two"), _token(kid=None)):
        with pytest.raises(NotOurs):
            _read(token, *keys)


@pytest.mark.parametrize(
    "key",
    [
        _published(RSA, RSAAlgorithm, alg="PS256"),
        _published(RSA, RSAAlgorithm, use="enc"),
        _published(OTHER, RSAAlgorithm),
        _published(EC, ECAlgorithm),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {"kid": "one"},
        "one",
    ],
)
def test_a_key_that_is_for_something_else_verifies_nothing(key: Any) -> None:
    with pytest.raises(NotOurs):
        _read(_token(), key)


def test_a_key_that_is_too_short_verifies_nothing() -> None:
    with pytest.raises(NotOurs), pytest.warns(jwt.InsecureKeyLengthWarning):
        _read(_token(SMALL), _published(SMALL, RSAAlgorithm))


@pytest.mark.parametrize("algorithm", ["HS256", "none", "RS512"])
def test_no_other_algorithm_is_taken(algorithm: str) -> None:
    public = _published(RSA, RSAAlgorithm)
    key: Any = {"HS256": public["n"], "none": None}.get(algorithm, RSA)
    with pytest.raises(NotOurs):
        _read(_token(key, algorithm), public)


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: ...} for name in ("iss", "aud", "sub", "iat", "exp", "nonce")),
        *({"iss": value} for value in ("https://id.example.org", f"{ISSUER}/", "")),
        *({"aud": value} for value in ("others", ["others"], [], None)),
        *({"sub": value} for value in ("", 5, None)),
        *({"nonce": value} for value in ("twice", "", 5, [NONCE], None)),
        {"exp": 1},
        {"exp": "later"},
        {"exp": 1e400},
        {"iat": time.time() + 3600},
        {"nbf": time.time() + 3600},
    ],
)
def test_what_is_not_for_us_now_and_once_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotOurs):
        _read(_token(**wrong), _published(RSA, RSAAlgorithm))


@pytest.mark.parametrize("token", [None, 5, "", "a.b.c", "é.é.é", {"id": 1}], ids=str)
def test_what_is_no_token_is_refused(token: object) -> None:
    with pytest.raises(NotOurs):
        _read(token, _published(RSA, RSAAlgorithm))


@pytest.mark.parametrize("published", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": []}], ids=str)
def test_what_is_no_set_of_keys_verifies_nothing(published: object) -> None:
    with pytest.raises(NotOurs):
        claims_of(_token(), published, issuer=ISSUER, client_id=CLIENT, nonce=NONCE)
