"""Who may ask at all: forged, confused and outlived tokens are refused, old signing keys verify for a while."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.auth.tokens.signed_tokens import Uses, signed
from app.auth.tokens.signing_keys import SealedElsewhere, SigningKey, SigningKeys, derived, raw
from app.storage.database import Connection, Database
from tests.auth.people import Person, post, registered
from tests.kit.product import Product, running
from tests.kit.servers import SECRET
from tests.operations.command_line import CommandLine

ME = "{ mySessions { nodes { id } } }"


@pytest.fixture(scope="module")
async def keys(product: Product) -> AsyncIterator[SigningKeys]:
    """The product's signing keys, as another process would read them."""
    database = await Database.open(product.settings.database_url, secret=SECRET, writers=2, readers=1)
    yield SigningKeys(database.writer, product.settings.derive("signing keys"))
    await database.close()


@pytest.fixture(scope="module")
async def ada(product: Product) -> Person:
    return await registered(product)


def _claims(person: Person, **changes: object) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(person.given["accessToken"], options={"verify_signature": False})
    return {name: value for name, value in (claims | changes).items() if value is not ...}


def _unsigned(claims: dict[str, Any], algorithm: str, kid: str) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': algorithm, 'typ': 'at+jwt', 'kid': kid})}.{part(claims)}."


Make = Callable[[Person, SigningKey, str], str]


def _encode(
    claims: dict[str, Any], key: SigningKey, *, typ: str = "at+jwt", kid: object = ..., alg: str = "EdDSA"
) -> str:
    headers = {"typ": typ, "kid": key.kid if kid is ... else kid}
    return jwt.encode(claims, key.private, algorithm=alg, headers=headers)


def _other() -> SigningKey:
    return SigningKey("other", Ed25519PrivateKey.generate())


FORGED: dict[str, Make] = {
    "no algorithm": lambda ada, key, secret: _unsigned(_claims(ada), "none", key.kid),
    "no algorithm, spelled otherwise": lambda ada, key, secret: _unsigned(_claims(ada), "NoNe", key.kid),
    "the public key as a secret": lambda ada, key, secret: jwt.encode(
        _claims(ada), raw(key.public), "HS256", {"typ": "at+jwt", "kid": key.kid}
    ),
    "a key of one's own under a known id": lambda ada, key, secret: _encode(
        _claims(ada), SigningKey(key.kid, Ed25519PrivateKey.generate())
    ),
    "a key that came along": lambda ada, key, secret: (
        lambda other: jwt.encode(
            _claims(ada), other.private, "EdDSA", {"typ": "at+jwt", "kid": "other", "jwk": other.jwk}
        )
    )(_other()),
    "an address of keys": lambda ada, key, secret: jwt.encode(
        _claims(ada),
        _other().private,
        "EdDSA",
        {"typ": "at+jwt", "kid": "http://127.0.0.1/keys", "jku": "http://127.0.0.1/keys"},
    ),
    "an injection as a key id": lambda ada, key, secret: _encode(_claims(ada), _other(), kid="' or true --"),
    "a path as a key id": lambda ada, key, secret: _encode(_claims(ada), _other(), kid="../../dev/null"),
    "no key id": lambda ada, key, secret: jwt.encode(_claims(ada), key.private, "EdDSA", {"typ": "at+jwt"}),
    "signed as services' tokens are": lambda ada, key, secret: _encode(
        _claims(ada), derived(secret, "service tokens")
    ),
    "a service's token signed as people's are": lambda ada, key, secret: signed(
        Uses.SERVICE,
        key,
        {"sub": str(ada.id), "tenant": ada.given["tenantId"], "permissions": ["*"]},
        lifetime=timedelta(hours=1),
    ),
    "a person's token called a service's": lambda ada, key, secret: _encode(
        _claims(ada, permissions=["*"]), key, typ="service+jwt"
    ),
    "a challenge": lambda ada, key, secret: signed(
        Uses.CHALLENGE, key, _claims(ada, aud=..., iat=..., exp=...), lifetime=timedelta(hours=1)
    ),
    "called nothing": lambda ada, key, secret: _encode(_claims(ada), key, typ="JWT"),
    "another audience": lambda ada, key, secret: _encode(_claims(ada, aud="headwater/oidc"), key),
    "no audience": lambda ada, key, secret: _encode(_claims(ada, aud=...), key),
    "another issuer": lambda ada, key, secret: _encode(_claims(ada, iss="https://evil.example.com"), key),
    "no end": lambda ada, key, secret: _encode(_claims(ada, exp=...), key),
    "expired": lambda ada, key, secret: _encode(
        _claims(ada, exp=datetime.now(UTC) - timedelta(minutes=1)), key
    ),
    "not yet": lambda ada, key, secret: _encode(
        _claims(ada, iat=datetime.now(UTC) + timedelta(hours=1)), key
    ),
    "no session": lambda ada, key, secret: _encode(_claims(ada, sid=...), key),
    "a session that is none": lambda ada, key, secret: _encode(_claims(ada, sid=str(uuid4())), key),
    "the session of another": lambda ada, key, secret: _encode(_claims(ada, sub=str(uuid4())), key),
    "a tenant that one does not belong to": lambda ada, key, secret: _encode(
        _claims(ada, tenant=str(uuid4())), key
    ),
    "a refresh token": lambda ada, key, secret: str(ada.given["refreshToken"]),
    "the id of a session": lambda ada, key, secret: str(ada.given["sessionId"]),
}


async def test_the_real_one_is_taken(product: Product, ada: Person, keys: SigningKeys) -> None:
    remade = _encode(_claims(ada), await keys.current())
    for token in (ada.given["accessToken"], remade):
        assert (await _asked(product.http, token)).status_code == 200


@pytest.mark.parametrize("kind", FORGED)
async def test_a_forged_token_is_refused(product: Product, ada: Person, keys: SigningKeys, kind: str) -> None:
    token = FORGED[kind](ada, await keys.current(), product.settings.derive("tokens"))
    assert (await _asked(product.http, token)).status_code == 401


async def test_a_token_says_nothing_about_permissions(product: Product, ada: Person) -> None:
    assert "permissions" not in _claims(ada)


async def test_the_public_keys_verify_what_people_are_given(product: Product, ada: Person) -> None:
    found = (await product.http.get("/.well-known/jwks.json")).json()
    by_id = jwt.PyJWKSet.from_dict(found)
    kid = jwt.get_unverified_header(ada.given["accessToken"])["kid"]
    claims = jwt.decode(ada.given["accessToken"], by_id[kid].key, ["EdDSA"], audience="headwater")
    assert claims["sub"] == str(ada.id)
    assert all("d" not in key for key in found["keys"])


async def test_old_keys_verify_until_their_tokens_are_over(
    product: Product, keys: SigningKeys, owner: Connection
) -> None:
    eve = await registered(product)
    before = await keys.current()
    after = await keys.rotate()
    assert after.kid != before.kid
    assert (await _asked(product.http, eve.given["accessToken"])).status_code == 200
    # A process that knows but the former keys meets a new one.
    new = _encode(_claims(eve), after)
    assert (await _asked(product.http, new)).status_code == 200
    await owner.execute(
        "update auth.signing_keys set retired_at = clock_timestamp() - interval '2 hours' where kid = $1",
        before.kid,
    )
    async with running(product.settings) as url, httpx.AsyncClient(base_url=url, timeout=120) as later:
        assert (await _asked(later, eve.given["accessToken"])).status_code == 401
        assert (await _asked(later, new)).status_code == 200


async def test_the_command_line_rotates(product: Product, keys: SigningKeys) -> None:
    before = await keys.current()
    ran = await asyncio.to_thread(CommandLine(product.settings), "token", "keys", "rotate")
    assert ran.code == 0
    rotated = await keys.rotate()
    assert before.kid not in ran.out
    assert await keys.find(ran.out.split(" by ")[1].split()[0]) is not None
    assert rotated.kid != before.kid


async def test_many_that_rotate_at_once_leave_one_key_that_signs(
    keys: SigningKeys, owner: Connection
) -> None:
    await asyncio.gather(*(keys.rotate() for _ in range(4)))
    signing = "select count(*) from auth.signing_keys where retired_at is null"
    assert await owner.fetchval(signing) == 1


async def test_a_dump_of_the_database_holds_no_key(
    product: Product, keys: SigningKeys, owner: Connection
) -> None:
    current = await keys.current()
    seed = current.private.private_bytes_raw()
    rows = await owner.fetch("select * from auth.signing_keys")
    assert all(seed not in bytes(row["sealed"]) for row in rows)
    wrong = SigningKeys(keys._pool, product.settings.derive("another purpose"))
    with pytest.raises(SealedElsewhere):
        await wrong.current()
    assert await wrong.find(current.kid) is None


async def test_after_a_change_of_the_secret_a_new_key_signs(product: Product, keys: SigningKeys) -> None:
    """Whoever had the old secret, and a dump, could open the old key."""
    renewed = SigningKeys(keys._pool, product.settings.derive("signing keys of a new secret"))
    with pytest.raises(SealedElsewhere):
        await renewed.current()
    renewed_key = await renewed.rotate()
    assert [key["kid"] for key in (await renewed.jwks())["keys"]] == [renewed_key.kid]
    # So that the product signs again for the tests beside.
    await keys.rotate()


async def test_a_session_that_ends_elsewhere_is_over_here(product: Product) -> None:
    eve = await registered(product)
    assert (await _asked(product.http, eve.given["accessToken"])).status_code == 200
    async with running(product.settings) as url, httpx.AsyncClient(base_url=url, timeout=120) as elsewhere:
        out = await post(elsewhere, "sign-out", {}, eve.given["accessToken"])
        assert out.status_code == 200
        async with asyncio.timeout(120):
            while (await _asked(product.http, eve.given["accessToken"])).status_code != 401:
                pass


async def test_without_redis_sessions_are_found_in_postgres(product: Product) -> None:
    eve = await registered(product)
    nowhere = replace(product.settings, redis_url="redis://127.0.0.1:1")
    async with running(nowhere) as url, httpx.AsyncClient(base_url=url, timeout=120) as alone:
        assert (await _asked(alone, eve.given["accessToken"])).status_code == 200


async def test_a_socket_does_not_outlive_its_token(product: Product, ada: Person, keys: SigningKeys) -> None:
    # Within the seconds by which clocks may differ the token is taken, but nothing stays open.
    old = _encode(_claims(ada, exp=datetime.now(UTC) - timedelta(seconds=1)), await keys.current())
    url = f"{str(product.http.base_url).replace('http', 'ws', 1).rstrip('/')}/graphql"
    async with (
        asyncio.timeout(120),
        connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket,
    ):
        await socket.send(json.dumps({"type": "connection_init", "payload": {"token": old}}))
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
        assert (socket.close_code, socket.close_reason) == (
            4403,
            "The token has expired: connect again with another one",
        )


async def test_who_was_removed_from_a_tenant_is_out(product: Product, owner: Connection) -> None:
    eve = await registered(product)
    assert (await _asked(product.http, eve.given["accessToken"])).status_code == 200
    await owner.execute(
        "delete from tenancy_g1.tenant_memberships where user_id = $1 and tenant_id = $2",
        eve.id,
        UUID(eve.given["tenantId"]),
    )
    async with asyncio.timeout(120):
        while (await _asked(product.http, eve.given["accessToken"])).status_code != 401:
            pass


async def _asked(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.post("/graphql", json={"query": ME}, headers={"authorization": f"Bearer {token}"})
