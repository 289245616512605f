"""The layout of a stored file: a line with its sealed key, then its bytes in pieces, each encrypted (AES-256-GCM).

Each piece is bound to the file, its number, and whether it is the last one, so pieces can neither be left out
nor put in another order. All but the last have the same size, so any of them is found without reading those
before it.
"""

import io
from collections.abc import AsyncIterator, Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.kit.process.files import FileDamaged

PIECE = 64 * 1024
"""Bytes of plain text in a piece."""
TAG = 16
"""Bytes that a piece grows by."""


class PieceCipher:
    """Seals and opens the pieces of one file, whose key no other has."""

    def __init__(self, key: bytes, about: bytes) -> None:
        self._cipher, self._about = AESGCM(key), about

    def seal(self, number: int, plain: bytes, *, last: bool) -> bytes:
        """A piece as it is stored."""
        return self._cipher.encrypt(_nonce(number), plain, self._bound(number, last))

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """The plain text of a piece. Raises FileDamaged."""
        try:
            return self._cipher.decrypt(_nonce(number), sealed, self._bound(number, last))
        except InvalidTag:
            raise FileDamaged(f"Piece {number} does not open.") from None

    def _bound(self, number: int, last: bool) -> bytes:
        return self._about + b"/%d/%d" % (number, last)


async def sealed_pieces(plain: AsyncIterator[bytes], cipher: PieceCipher) -> AsyncIterator[bytes]:
    """The pieces of a file, as its bytes come in."""
    held, number = bytearray(), 0
    async for part in plain:
        held += part
        while len(held) > PIECE:
            yield cipher.seal(number, bytes(held[:PIECE]), last=False)
            del held[:PIECE]
            number += 1
    yield cipher.seal(number, bytes(held), last=True)


def plain_size(sealed: int) -> int:
    """How many bytes a file has whose pieces take so many. Raises FileDamaged for what no file takes."""
    whole, rest = divmod(sealed, PIECE + TAG)
    if rest == 0 and whole:
        return whole * PIECE
    if rest < TAG:
        raise FileDamaged("It was cut off.")
    return whole * PIECE + rest - TAG


class PieceReader(io.RawIOBase):
    """A stored file as its plain bytes, read piece by piece from any place on."""

    def __init__(self, read: Callable[[int, int], bytes], size: int, cipher: PieceCipher) -> None:
        """``read`` reads so many bytes of what is stored from a place on, ``size`` is the plain one."""
        super().__init__()
        self._read, self._size, self._cipher = read, size, cipher
        self._last = max(-(-size // PIECE) - 1, 0)
        self._place, self._held = 0, (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(start + offset, 0)
        return self._place

    # The type of a buffer has no name before Python 3.12, hence Any.
    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        if self._place >= self._size:
            return 0
        number, start = divmod(self._place, PIECE)
        plain = self._piece(number)
        found = plain[start : start + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)

    def _piece(self, number: int) -> bytes:
        if self._held[0] != number:
            last = number == self._last
            length = (self._size - number * PIECE if last else PIECE) + TAG
            sealed = self._read(number * (PIECE + TAG), length)
            self._held = number, self._cipher.open(number, sealed, last=last)
        return self._held[1]


def _nonce(number: int) -> bytes:
    # The key is of this file alone, so counting never gives a nonce twice.
    return number.to_bytes(12, "big")
