"""AES-256-GCM as it is used here: a nonce of 12 bytes, then the ciphertext and its tag."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.kit.sealed import Unopenable

KEY_BYTES = 32
_NONCE = 12


class Tampered(Unopenable):
    """What is opened was changed, belongs to another place, or was sealed under another key."""


class Cipher:
    """One key, ready for use."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Encrypt, and binds the result to ``about``."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Decrypt. Raises Tampered."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
        except (InvalidTag, ValueError) as error:
            raise Tampered("A sealed value does not open.") from error


def new_key() -> bytes:
    """A new random key."""
    return secrets.token_bytes(KEY_BYTES)
