"""Stores files in a folder or over S3: the adapter of `domain.kit.process.files.FileStore`."""

import asyncio
import hashlib
import io
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4, uuid5

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore

from app.files.pieces import PieceCipher, PieceReader, plain_size, sealed_pieces
from app.keys import KeyRing
from app.keys.sealed_text import seal
from domain.kit.process.files import FileDamaged, FileStore, FilesUnavailable, FileTooLarge, StoredFile
from domain.kit.sealed import ERASED, Unopenable, is_sealed

_KEY_BYTES = 32
_PLACE = "file"
"""Where the sealed line stands: in no event of the log, which all other places are hashes of."""
_LONGEST_LINE = 4096
_ROOT = "headwater-files"
"""The folder of all files: what others keep in the same store is never looked at."""
_COMING = "coming"
"""The folder of a tenant with what is being stored; all else lies beside it."""
_BUFFER = 256 * 1024
_NEW = timedelta(hours=1)
"""A file that is older is kept for longer when its content comes again."""


class ObjectFiles(FileStore):
    """Files under ``headwater-files/<tenant>/<id>`` of one store. A file's id is a keyed hash of what it holds,
    which tells nobody else what that is. Its key is sealed under a key of its tenant, with which all its files
    are gone."""

    def __init__(self, store: ObjectStore, ring: KeyRing) -> None:
        self._objects, self._ring = store, ring

    async def store(
        self, tenant_id: UUID, name: str, pieces: AsyncIterator[bytes], *, most: int
    ) -> StoredFile:
        key = secrets.token_bytes(_KEY_BYTES)
        line = await self._sealed(tenant_id, {"key": key.hex(), "name": name})
        counted = _Counted(pieces, most)
        coming = f"{_folder(tenant_id)}/{_COMING}/{uuid4()}"

        async def stored() -> AsyncIterator[bytes]:
            yield line
            async for piece in sealed_pieces(counted.pieces(), PieceCipher(key, tenant_id.bytes)):
                yield piece

        with _reached():
            try:
                await obstore.put_async(self._objects, coming, stored(), max_concurrency=2)
                if counted.too_large:
                    raise FileTooLarge
                id = UUID(self._ring.fingerprint(f"file {tenant_id}", counted.digest.hexdigest()))
                await self._place(tenant_id, id, coming)
            finally:
                await self._delete(coming)
        found = await self.open(tenant_id, id)
        if found is None:
            raise FilesUnavailable("It was removed as soon as it was stored.")
        return found.stored

    async def open(self, tenant_id: UUID, id: UUID) -> "ObjectFile | None":
        path = f"{_folder(tenant_id)}/{id}"
        try:
            with _reached():
                meta = await obstore.head_async(self._objects, path)
                whole = meta["size"]
                beginning = await obstore.get_range_async(
                    self._objects, path, start=0, length=min(_LONGEST_LINE, whole)
                )
        except FileNotFoundError:
            return None
        line, newline, _ = bytes(beginning).partition(b"\n")
        try:
            (opened,) = await self._ring.open(tenant_id, [line.decode()])
        except (UnicodeDecodeError, Unopenable):
            newline, opened = b"", ""
        if not newline or not is_sealed(line.decode()):
            raise FileDamaged("Its first line does not open.")
        if opened == ERASED:
            return None
        said, start = json.loads(opened), len(line) + 1
        cipher = PieceCipher(bytes.fromhex(said["key"]), tenant_id.bytes)
        stored = StoredFile(
            id=id, name=said["name"], size=plain_size(whole - start), stored_at=meta["last_modified"]
        )
        return ObjectFile(self._objects, path, start, cipher, stored)

    async def used(self, tenant_id: UUID) -> int:
        used, listing = 0, obstore.list(self._objects, f"{_folder(tenant_id)}/", chunk_size=1000)
        with _reached():
            while found := await asyncio.to_thread(partial(next, listing, None)):
                used += sum(each["size"] for each in found)
        return used

    async def remove(self, tenant_id: UUID, id: UUID) -> None:
        await self._delete(f"{_folder(tenant_id)}/{id}")

    async def sweep(self, tenant_id: UUID) -> int:
        return await swept(self._objects, tenant_id)

    async def _place(self, tenant_id: UUID, id: UUID, coming: str) -> None:
        """Put what has come in where it is looked for. Where the same content is there already and opens, that
        file stays, which somebody may be reading; where it is older, the same bytes of it are stored again."""
        path = f"{_folder(tenant_id)}/{id}"
        try:
            await obstore.rename_async(self._objects, coming, path, overwrite=False)
        except AlreadyExistsError:
            stored_at = await self._whole_since(tenant_id, id)
            if stored_at is not None:
                if datetime.now(UTC) - stored_at < _NEW:
                    return
                with suppress(FileNotFoundError, NotFoundError):
                    lying = await obstore.get_async(self._objects, path)
                    await obstore.put_async(self._objects, coming, lying.stream(), max_concurrency=2)
            await obstore.rename_async(self._objects, coming, path, overwrite=True)

    async def _whole_since(self, tenant_id: UUID, id: UUID) -> datetime | None:
        """When a file was stored, if it can be read as a whole."""
        try:
            found = await self.open(tenant_id, id)
            if found is None or await asyncio.to_thread(_read_through, found) != found.stored.size:
                return None
            return found.stored.stored_at
        except (FileDamaged, FileNotFoundError):
            return None

    async def _sealed(self, tenant_id: UUID, said: dict[str, str]) -> bytes:
        subject = uuid5(tenant_id, "files")
        await self._ring.ready(tenant_id, [subject])
        generation, cipher = self._ring.sealing(tenant_id, subject)
        line = seal(
            json.dumps(said),
            cipher,
            tenant_id=tenant_id,
            subject=subject,
            generation=generation,
            fingerprint=None,
            place=_PLACE,
        )
        return line.encode() + b"\n"

    async def _delete(self, path: str) -> None:
        with suppress(FileNotFoundError, NotFoundError):
            await obstore.delete_async(self._objects, path)


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """A file that is read, range by range."""

    objects: ObjectStore
    path: str
    start: int
    """Where its pieces begin."""
    cipher: PieceCipher
    stored: StoredFile

    def reader(self) -> BinaryIO:
        return io.BufferedReader(PieceReader(self._read, self.stored.size, self.cipher), _BUFFER)

    def _read(self, place: int, length: int) -> bytes:
        with _reached():
            return bytes(obstore.get_range(self.objects, self.path, start=self.start + place, length=length))


async def swept(
    objects: ObjectStore, tenant_id: UUID | None = None, *, before: datetime | None = None
) -> int:
    """Remove the files of a tenant or of all, or what of them was stored before a moment; how many there were.
    What an upload that was killed has left goes as well."""
    removed, prefix = 0, f"{_ROOT if tenant_id is None else _folder(tenant_id)}/"
    listing = obstore.list(objects, prefix, chunk_size=1000)
    while found := await asyncio.to_thread(partial(next, listing, None)):
        old = [each["path"] for each in found if before is None or each["last_modified"] < before]
        if old:
            await obstore.delete_async(objects, old)
            removed += len(old)
    if isinstance(objects, LocalStore) and objects.prefix is not None:
        removed += await asyncio.to_thread(_parts_swept, Path(objects.prefix) / prefix, before)
    return removed


def _parts_swept(folder: Path, before: datetime | None) -> int:
    """Remove what of a folder was being written, which no listing shows; how many there were."""
    removed = 0
    for path in folder.glob(f"**/{_COMING}/*#*"):
        with suppress(FileNotFoundError):
            if before is None or path.stat().st_mtime < before.timestamp():
                path.unlink()
                removed += 1
    return removed


@contextmanager
def _reached() -> Iterator[None]:
    """Faults of the store as those of the port."""
    try:
        yield
    except NotFoundError as error:
        raise FileNotFoundError from error
    except AlreadyExistsError:
        raise
    except BaseError as error:
        raise FilesUnavailable("Files cannot be reached.") from error


def _folder(tenant_id: UUID) -> str:
    return f"{_ROOT}/{tenant_id}"


def _read_through(file: ObjectFile) -> int:
    """The bytes that can be read of a file. Raises FileDamaged."""
    size = 0
    with file.reader() as reader:
        while piece := reader.read(_BUFFER):
            size += len(piece)
    return size


class _Counted:
    """The bytes that come in, with their number and hash; beyond ``most`` no more of them are taken."""

    def __init__(self, pieces: AsyncIterator[bytes], most: int) -> None:
        self._pieces, self._most = pieces, most
        self._size = 0
        self.digest = hashlib.sha256()
        self.too_large = False

    async def pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            self._size += len(piece)
            if self._size > self._most:
                self.too_large = True
                return
            self.digest.update(piece)
            yield piece
