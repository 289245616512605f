"""Stores files in a folder or over S3: the adapter of `domain.kit.process.files.FileStore`."""

import asyncio
import hashlib
import io
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import BinaryIO
from uuid import UUID, uuid4, uuid5

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import ObjectStore

from app.files.pieces import PieceCipher, PieceReader, plain_size, sealed_pieces
from app.keys import KeyRing
from app.keys.sealed_text import seal
from domain.kit.process.files import FileDamaged, FileStore, FileTooLarge, StoredFile
from domain.kit.sealed import ERASED, Unopenable

_KEY_BYTES = 32
_PLACE = "file"
"""Where the sealed line stands: in no event of the log, which all other places are hashes of."""
_LONGEST_LINE = 4096
_COMING = "coming"
"""The folder of a tenant with what is being stored; all else lies beside it."""
_BUFFER = 256 * 1024


class ObjectFiles(FileStore):
    """Files under ``<tenant>/<id>`` of one store. A file's id is a keyed hash of what it holds, which tells
    nobody else what that is. Its key is sealed under a key of its tenant, with which all its files are gone."""

    def __init__(self, store: ObjectStore, ring: KeyRing) -> None:
        self._objects, self._ring = store, ring

    async def store(
        self, tenant_id: UUID, name: str, pieces: AsyncIterator[bytes], *, most: int
    ) -> StoredFile:
        key = secrets.token_bytes(_KEY_BYTES)
        line = await self._sealed(tenant_id, {"key": key.hex(), "name": name})
        counted = _Counted(pieces, most)
        coming = f"{tenant_id}/{_COMING}/{uuid4()}"

        async def stored() -> AsyncIterator[bytes]:
            yield line
            async for piece in sealed_pieces(counted.pieces(), PieceCipher(key, tenant_id.bytes)):
                yield piece

        try:
            await obstore.put_async(self._objects, coming, stored(), max_concurrency=2)
            if counted.too_large:
                raise FileTooLarge
            id = UUID(self._ring.fingerprint(f"file {tenant_id}", counted.digest.hexdigest()))
            # The same content is there already: that file stays, which somebody may be reading.
            with suppress(AlreadyExistsError):
                await obstore.rename_async(self._objects, coming, f"{tenant_id}/{id}", overwrite=False)
        finally:
            await self._delete(coming)
        found = await self.open(tenant_id, id)
        if found is None:
            raise FileDamaged("It was removed as soon as it was stored.")
        return found.stored

    async def open(self, tenant_id: UUID, id: UUID) -> "ObjectFile | None":
        path = f"{tenant_id}/{id}"
        try:
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
        if not newline:
            raise FileDamaged("Its first line does not open.")
        if opened == ERASED:
            return None
        said, start = json.loads(opened), len(line) + 1
        cipher = PieceCipher(bytes.fromhex(said["key"]), tenant_id.bytes)
        stored = StoredFile(
            id=id, name=said["name"], size=plain_size(whole - start), stored_at=meta["last_modified"]
        )
        return ObjectFile(self._objects, path, start, cipher, stored)

    async def remove(self, tenant_id: UUID, id: UUID) -> None:
        await self._delete(f"{tenant_id}/{id}")

    async def sweep(self, tenant_id: UUID) -> int:
        return await swept(self._objects, f"{tenant_id}/")

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
        with suppress(FileNotFoundError):
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
        return bytes(obstore.get_range(self.objects, self.path, start=self.start + place, length=length))


async def swept(objects: ObjectStore, prefix: str = "", *, before: datetime | None = None) -> int:
    """Remove what lies under a prefix, or what of it was stored before a moment; how many there were."""
    removed = 0
    listing = obstore.list(objects, prefix or None, chunk_size=1000)
    while found := await asyncio.to_thread(partial(next, listing, None)):
        old = [each["path"] for each in found if before is None or each["last_modified"] < before]
        if old:
            await obstore.delete_async(objects, old)
            removed += len(old)
    return removed


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
