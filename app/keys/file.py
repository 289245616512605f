"""Master keys in a file of this machine that nobody else may read, in generations."""

import base64
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app.keys.cipher import Cipher, Tampered, new_key
from app.keys.key_provider import Context, KeyRefused, Wrapped


class _Content(msgspec.Struct):
    """What stands in the file: the keys by name, in base64, and which of them wraps now."""

    current: str
    keys: dict[str, str]


class FileMaster:
    """The keys in a JSON file, read again whenever it has changed. Raises KeyRefused for a file that others may
    read, or that holds no keys."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._content = _Content("", {})

    def make(self) -> None:
        """Make the file with one key, unless it is there. Of two processes at once, one's file stays."""
        if self._path.exists():
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = _name(1)
        written = self._written(_Content(name, {name: _text(new_key())}))
        try:
            # A link, unlike a rename, fails when the name is taken.
            os.link(written, self._path)
        except FileExistsError:
            pass
        finally:
            written.unlink()

    async def current(self) -> str:
        return self._read().current

    async def wrap(self, plain: bytes, context: Context) -> Wrapped:
        name = self._read().current
        return Wrapped(name, self._cipher(name).seal(plain, _about(name, context)))

    async def unwrap(self, wrapped: Wrapped, context: Context) -> bytes:
        try:
            return self._cipher(wrapped.master_key).open(wrapped.data, _about(wrapped.master_key, context))
        except Tampered as error:
            raise KeyRefused(f"{wrapped.master_key} does not unwrap this key.") from error

    async def rotate(self) -> str:
        with self._alone():
            content = self._read()
            name = _name(len(content.keys) + 1)
            rotated = _Content(name, {**content.keys, name: _text(new_key())})
            self._written(rotated).replace(self._path)
        return name

    async def close(self) -> None:
        """Nothing is open."""

    def _cipher(self, name: str) -> Cipher:
        found = self._read().keys.get(name)
        if found is None:
            raise KeyRefused(
                f"{self._path} does not hold the master key {name}. Every process of a deployment needs the "
                "same file: see HEADWATER_KEY_FILE."
            )
        return Cipher(base64.b64decode(found))

    def _read(self) -> _Content:
        try:
            with self._path.open("rb") as file:
                facts = os.fstat(file.fileno())
                if facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise KeyRefused(f"Others may read {self._path}; make its mode 0600.")
                seen = facts.st_mtime_ns, facts.st_ino
                if seen != self._seen:
                    self._content = msgspec.json.decode(file.read(), type=_Content)
                    self._seen = seen
        except FileNotFoundError:
            raise KeyRefused(f"There is no master key in {self._path}; see HEADWATER_KEY_FILE.") from None
        except PermissionError:
            raise KeyRefused(f"{self._path} may not be read by this account.") from None
        except msgspec.DecodeError:
            raise KeyRefused(f"{self._path} holds no master keys.") from None
        return self._content

    def _written(self, content: _Content) -> Path:
        """A whole new file beside the one in use."""
        new = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content)))
            file.flush()
            os.fsync(file.fileno())
        return new

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two who rotate at once would each lose the other's key."""
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _name(generation: int) -> str:
    # Random besides, so that two files that were made apart never hold different keys of one name.
    return f"file-{generation}-{secrets.token_hex(4)}"


def _about(name: str, context: Context) -> bytes:
    return msgspec.json.encode({"master_key": name, **context}, order="sorted")


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
