"""The master key in Vault's (or OpenBao's) transit engine."""

import base64
import os
from typing import Any

import httpx
import msgspec

from app.keys.key_provider import Context, KeyRefused, Wrapped
from domain.kit.sealed import KeysUnavailable

_SECONDS = 5.0
_BUSY = 429


class VaultMaster:
    """A key of the transit engine that supports associated data (``aes256-gcm96``, Vault's default).

    The token comes from VAULT_TOKEN, as for Vault's own tools; it needs ``update`` on ``encrypt/<key>`` and
    ``decrypt/<key>``, ``read`` on ``keys/<key>``, and to rotate ``update`` on ``keys/<key>/rotate``.
    """

    def __init__(self, url: str, *, key: str, token: str = "", mount: str = "transit") -> None:
        self._key = key
        self._http = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/v1/{mount}/",
            headers={"X-Vault-Token": token or os.environ.get("VAULT_TOKEN", "")},
            timeout=_SECONDS,
            trust_env=False,
        )

    async def current(self) -> str:
        return self._name((await self._ask("GET", f"keys/{self._key}"))["latest_version"])

    async def wrap(self, plain: bytes, context: Context) -> Wrapped:
        found = await self._ask(
            "POST", f"encrypt/{self._key}", plaintext=_text(plain), associated_data=_about(context)
        )
        # vault:v3:...
        version = found["ciphertext"].split(":")[1].removeprefix("v")
        return Wrapped(self._name(version), found["ciphertext"].encode())

    async def unwrap(self, wrapped: Wrapped, context: Context) -> bytes:
        """Unwrap a key, under the name of the master key that wrapped it."""
        keeper, _, rest = wrapped.master_key.partition(":")
        if keeper != "vault":
            raise KeyRefused(f"{wrapped.master_key} is not a key of Vault's.")
        key = rest.rpartition(":")[0]
        text = wrapped.data.decode("ascii", errors="replace")
        found = await self._ask("POST", f"decrypt/{key}", ciphertext=text, associated_data=_about(context))
        return base64.b64decode(found["plaintext"])

    async def rotate(self) -> str:
        await self._ask("POST", f"keys/{self._key}/rotate")
        return await self.current()

    async def close(self) -> None:
        await self._http.aclose()

    def _name(self, version: object) -> str:
        return f"vault:{self._key}:v{version}"

    # Vault's answers are JSON of many shapes, hence Any.
    async def _ask(self, method: str, path: str, **body: str) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, path, json=body or None)
        except httpx.HTTPError as error:
            raise KeysUnavailable(f"Vault does not answer: {type(error).__name__}.") from error
        if answer.status_code >= 500 or answer.status_code == _BUSY:
            raise KeysUnavailable(f"Vault answers {answer.status_code}.")
        if answer.is_error:
            raise KeyRefused(f"Vault answers {answer.status_code} to {path}.")
        return answer.json().get("data") or {} if answer.content else {}


def _about(context: Context) -> str:
    return _text(msgspec.json.encode(dict(context), order="sorted"))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
