"""Writes exports and hands them out: the adapter of `domain.processes.export.Files`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import msgspec

from app.privacy.parts import Part, Record
from app.privacy.sealed_file import Writing, drafts, pieces, sealed_key
from domain.kit.clock import Clock
from domain.kit.sealed import ERASED, Opening, is_sealed, subject_of
from domain.processes.export import Written, Wrote
from projections.kit.rows import Rows

_BATCH = 200
"""Records whose sealed texts are opened at once."""


class FileKeys(Protocol):
    """Keys of single files, kept with them under the key of the person they are about."""

    async def make(self, tenant_id: UUID, subject: UUID) -> tuple[bytes, str]:
        """A new key of 32 bytes, and the line in which it is kept: a sealed text of the person."""
        ...

    async def open(self, tenant_id: UUID, sealed: str) -> bytes | None:
        """The key again; None when the person was erased."""
        ...


class ExportFiles:
    """Files under ``<folder>/<tenant>/<export>.json``, readable by this account alone and encrypted.

    Workers and API processes on several machines need the folder shared between them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keys: FileKeys,
        opening: Opening,
        rows: Rows,
        parts: Sequence[Part],
        clock: Clock,
    ) -> None:
        self._folder, self._keys, self._opening = folder, keys, opening
        self._rows, self._parts, self._clock = rows, parts, clock

    async def write(self, tenant_id: UUID, export_id: UUID, subject_id: UUID, wrote: Wrote) -> Written:
        """See the port."""
        path = self._path(tenant_id, export_id)
        # What a try that was killed has left; a try that still runs elsewhere writes under its own name.
        await self.remove(tenant_id, export_id)
        key, sealed = await self._keys.make(tenant_id, subject_id)
        file = await asyncio.to_thread(
            Writing, path, sealed_key=sealed, key=key, about=_about(tenant_id, export_id)
        )
        digest = hashlib.sha256()
        try:
            async for text in self._document(tenant_id, subject_id, wrote):
                digest.update(text)
                await asyncio.to_thread(file.write, text)
            await asyncio.to_thread(file.finish)
        finally:
            file.give_up()
        return Written(size=file.size, sha256=digest.hexdigest())

    async def remove(self, tenant_id: UUID, export_id: UUID) -> None:
        """See the port."""
        await asyncio.to_thread(self._remove, self._path(tenant_id, export_id))

    async def read(self, tenant_id: UUID, export_id: UUID) -> Iterator[bytes] | None:
        """The file's plain text, piece by piece; None when it is gone, or its person was erased.

        Reading raises Damaged. Run it in a thread.
        """
        path = self._path(tenant_id, export_id)
        try:
            sealed = await asyncio.to_thread(sealed_key, path)
        except FileNotFoundError:
            return None
        key = await self._keys.open(tenant_id, sealed)
        return None if key is None else pieces(path, key=key, about=_about(tenant_id, export_id))

    def _path(self, tenant_id: UUID, export_id: UUID) -> Path:
        return self._folder / str(tenant_id) / f"{export_id}.json"

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        for draft in drafts(path):
            draft.unlink(missing_ok=True)

    async def _document(self, tenant_id: UUID, subject_id: UUID, wrote: Wrote) -> AsyncIterator[bytes]:
        """The document of GOV-17, some records at a time."""
        done = 0
        opening = b"{"
        for section, parts in groupby(self._parts, key=lambda part: part.section):
            yield opening + _json(section) + b":{"
            for number, part in enumerate(parts):
                yield (b"," if number else b"") + _json(part.name) + b":"
                records = 0
                async for count, text in self._part(part, tenant_id, subject_id):
                    records += count
                    yield text
                done += 1
                await wrote(part.path, records, done, len(self._parts))
            yield b"}"
            opening = b","
        generated = self._clock.now().isoformat()
        yield b',"generated_at":' + _json(generated) + b',"format":"JSON"}\n'

    async def _part(self, part: Part, tenant_id: UUID, subject_id: UUID) -> AsyncIterator[tuple[int, bytes]]:
        """How many records, and their text."""
        first = True
        async for batch in _batches(part.read(self._rows, tenant_id, subject_id)):
            opened = await self._opened(part.tenant_id or tenant_id, subject_id, batch)
            if part.one:
                yield 1, _json(opened[0])
                return
            yield len(opened), (b"[" if first else b",") + b",".join(map(_json, opened))
            first = False
        if part.one:
            yield 0, b"null"
        else:
            yield 0, b"[]" if first else b"]"

    async def _opened(self, tenant_id: UUID, subject_id: UUID, records: list[Record]) -> list[Record]:
        """The records with his own sealed texts in plain, and those of others left out."""
        texts = [
            text
            for record in records
            for text in record.values()
            if isinstance(text, str) and is_sealed(text) and subject_of(text) == subject_id
        ]
        plain = dict(zip(texts, await self._opening.open(tenant_id, texts), strict=True))

        def shown(value: Any) -> Any:
            if not isinstance(value, str) or not is_sealed(value):
                return value
            return plain.get(value, ERASED) or None

        return [{name: shown(value) for name, value in record.items()} for record in records]


async def _batches(records: AsyncIterator[Record]) -> AsyncIterator[list[Record]]:
    batch: list[Record] = []
    async for record in records:
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _about(tenant_id: UUID, export_id: UUID) -> str:
    return f"{tenant_id}/{export_id}"


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
