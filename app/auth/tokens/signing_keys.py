"""The keys that sign tokens: Ed25519, one at a time, the former ones kept until what they signed has run out."""

import asyncio
import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.storage.database import Pool

KEPT = timedelta(hours=1)
"""How long a retired key verifies: longer than any token lasts that it may have signed."""
_FRESH = 60.0
"""Seconds after which the keys are read again, for another process may have rotated them."""
_PATIENCE = 1.0
"""Seconds between two readings because of unknown key ids, which anybody can make up."""

_READ = """
select kid, sealed, public, created_at, retired_at from auth.signing_keys
 where retired_at is null or retired_at > clock_timestamp() - $1::interval order by created_at
"""
_INSERT = "insert into auth.signing_keys (kid, sealed, public) values ($1, $2, $3) on conflict do nothing"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A pair of keys under its id."""

    kid: str
    private: Ed25519PrivateKey
    retired_at: datetime | None = None

    @property
    def public(self) -> Ed25519PublicKey:
        """What verifies."""
        return self.private.public_key()

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as RFC 8037 writes it."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.kid,
            "x": base64.urlsafe_b64encode(raw(self.public)).decode().rstrip("="),
        }


def raw(public: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def derived(key: str, purpose: str) -> SigningKey:
    """The pair that follows from a key of 64 hexadecimal digits; its id follows from the pair."""
    seed = hashlib.sha256(f"{purpose}\0{key}".encode()).digest()
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return SigningKey(hashlib.sha256(raw(private.public_key())).hexdigest()[:16], private)


class SealedElsewhere(Exception):
    """The key that signs was sealed under another HEADWATER_SECRET: set that one again, or make a new key.

    A new key ends all access tokens.
    """

    def __str__(self) -> str:
        return (
            "The signing key is of another HEADWATER_SECRET; `headwater token keys rotate` makes a new one."
        )


class SigningKeys:
    """The rotating keys, kept in Postgres, sealed with AES-256-GCM under a key that is not there."""

    def __init__(self, pool: Pool, key: str) -> None:
        """``key``: 64 hexadecimal digits, such as ``settings.derive("signing keys")``."""
        self._pool, self._sealing = pool, AESGCM(bytes.fromhex(key))
        self._keys: dict[str, SigningKey] = {}
        self._read_at = float("-inf")
        self._rereading: asyncio.Task[dict[str, SigningKey]] | None = None

    async def current(self) -> SigningKey:
        """The key that signs; the first one is made when there is none."""
        found = next((key for key in (await self._fresh()).values() if key.retired_at is None), None)
        if found is not None:
            return found
        await self._add()
        found = next((key for key in (await self._read()).values() if key.retired_at is None), None)
        if found is None:
            raise SealedElsewhere
        return found

    async def find(self, kid: str) -> SigningKey | None:
        """The key with this id, if it may still verify."""
        keys = await self._fresh()
        if kid not in keys:
            if self._rereading is None or self._rereading.done():
                self._rereading = asyncio.create_task(self._reread())
            keys = await asyncio.shield(self._rereading)
        found = keys.get(kid)
        expired = found and found.retired_at and found.retired_at < datetime.now(UTC) - KEPT
        return None if expired else found

    async def rotate(self) -> SigningKey:
        """Sign with a new key from now on; other processes follow within a minute."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("lock table auth.signing_keys in share row exclusive mode")
            await connection.execute(
                "update auth.signing_keys set retired_at = clock_timestamp() where retired_at is null"
            )
            await connection.execute(
                "delete from auth.signing_keys where retired_at < clock_timestamp() - interval '30 days'"
            )
            await connection.execute(_INSERT, *self._made())
        await self._read()
        return await self.current()

    async def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys, as RFC 7517 writes them."""
        await self.current()
        return {"keys": [key.jwk for key in (await self._fresh()).values()]}

    async def _fresh(self) -> dict[str, SigningKey]:
        return self._keys if time.monotonic() - self._read_at < _FRESH else await self._read()

    async def _read(self) -> dict[str, SigningKey]:
        rows = await self._pool.fetch(_READ, KEPT)
        opened = (self._opened(row["kid"], row["sealed"], row["retired_at"]) for row in rows)
        self._keys = {key.kid: key for key in opened if key is not None}
        self._read_at = time.monotonic()
        return self._keys

    async def _reread(self) -> dict[str, SigningKey]:
        # All who met an unknown key meanwhile wait for this one reading.
        await asyncio.sleep(_PATIENCE - (time.monotonic() - self._read_at))
        return await self._read()

    async def _add(self) -> None:
        await self._pool.execute(_INSERT, *self._made())

    def _made(self) -> tuple[str, bytes, bytes]:
        private, nonce = Ed25519PrivateKey.generate(), secrets.token_bytes(12)
        public = raw(private.public_key())
        kid = hashlib.sha256(public).hexdigest()[:16]
        return kid, nonce + self._sealing.encrypt(nonce, private.private_bytes_raw(), kid.encode()), public

    def _opened(self, kid: str, sealed: bytes, retired_at: datetime | None) -> SigningKey | None:
        try:
            seed = self._sealing.decrypt(sealed[:12], sealed[12:], kid.encode())
        except InvalidTag:
            # Of a former secret: what it signed is not good any more.
            return None
        return SigningKey(kid, Ed25519PrivateKey.from_private_bytes(seed), retired_at)
