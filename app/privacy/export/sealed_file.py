"""Files that are encrypted as they lie on the disk: AES-256-GCM, piece by piece, under a key of their own.

A file begins with a line that holds its key, sealed as a text of the person it is about: with the person's key the
file goes as well. Each piece says before it how long it is and whether it is the last one; a file that was cut off
does not open to its end.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.files.pieces import PIECE, PieceCipher
from domain.kit.process.files import FileDamaged

_LENGTH = struct.Struct(">I?")


class SealedFileWriter:
    """A file that is written: whole at the end or not there at all."""

    def __init__(self, path: Path, *, sealed_key: str, key: bytes, about: str) -> None:
        """``about`` is what the file is bound to, such as its id; ``key`` has 32 bytes."""
        self._path, self._draft = (
            path,
            path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part"),
        )
        self._cipher = PieceCipher(key, about.encode())
        self._held, self._number, self.size = bytearray(), 0, 0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: BinaryIO = os.fdopen(
            os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        )
        self._file.write(sealed_key.encode() + b"\n")

    def write(self, plain: bytes) -> None:
        """Add to the file."""
        self.size += len(plain)
        self._held += plain
        while len(self._held) > PIECE:
            self._put(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]

    def finish(self) -> None:
        """Put the file in its place, once all of it is on the disk."""
        self._put(bytes(self._held), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def give_up(self) -> None:
        """Leave nothing; after `finish` it does nothing."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def _put(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.seal(self._number, plain, last=last)
        self._file.write(_LENGTH.pack(len(sealed), last) + sealed)
        self._number += 1


def drafts(path: Path) -> Iterator[Path]:
    """What tries that were killed have left beside a file."""
    return path.parent.glob(f".{path.name}.*.part")


def sealed_key(path: Path) -> str:
    """The line that a file begins with. Raises FileNotFoundError."""
    with path.open("rb") as file:
        return file.readline().decode(errors="replace").rstrip("\n")


def pieces(path: Path, *, key: bytes, about: str) -> Iterator[bytes]:
    """The plain text, piece by piece. Raises FileDamaged when one does not open, and when the last is missing."""
    cipher = PieceCipher(key, about.encode())
    with path.open("rb") as file:
        file.readline()
        number, last = 0, False
        while not last:
            head = file.read(_LENGTH.size)
            if len(head) < _LENGTH.size:
                raise FileDamaged(f"{path.name} was cut off.")
            length, last = _LENGTH.unpack(head)
            yield cipher.open(number, file.read(length), last=last)
            number += 1
