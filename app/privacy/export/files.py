"""Writes exports and hands them out: the adapter of `domain.processes.export.Files`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import msgspec

from app.batches import batches
from app.privacy.belongings import Belongings
from app.privacy.export.sealed_file import SealedFileWriter, drafts, pieces, sealed_key
from app.privacy.own import own_only
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.clock import Clock
from domain.processes.export import Written, Wrote
from projections.kit.context.exports import ExportPart
from projections.kit.context.subject import About, PrivacyDatabase, Scope
from projections.kit.read.row_visibility import Sight

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
        here: PrivacyDatabase,
        accounts: PrivacyDatabase,
        belongings: Belongings,
        parts: Sequence[ExportPart],
        sight: Callable[[Caller], Sight],
        clock: Clock,
    ) -> None:
        """``sight`` says what somebody may see of what they share with others.

        ``accounts`` is the same as ``here`` but for a tenant that has a database of its own.
        """
        self._folder, self._keys, self._here, self._accounts = folder, keys, here, accounts
        self._belongings, self._parts, self._clock = belongings, parts, clock
        self._sight = sight

    async def write(
        self, tenant_id: UUID, export_id: UUID, subject_id: UUID, *, by_themself: bool, wrote: Wrote
    ) -> Written:
        path = self._path(tenant_id, export_id)
        # What a try that was killed has left; a try that still runs elsewhere writes under its own name.
        await self.remove(tenant_id, export_id)
        key, sealed = await self._keys.make(tenant_id, subject_id)
        about = await self._whom(tenant_id, subject_id, by_themself)
        file = await asyncio.to_thread(
            SealedFileWriter, path, sealed_key=sealed, key=key, about=_about(tenant_id, export_id)
        )
        digest = hashlib.sha256()
        try:
            async for text in self._document(about, wrote):
                digest.update(text)
                await asyncio.to_thread(file.write, text)
            await asyncio.to_thread(file.finish)
        finally:
            file.give_up()
        return Written(size=file.size, sha256=digest.hexdigest())

    async def remove(self, tenant_id: UUID, export_id: UUID) -> None:
        await asyncio.to_thread(self._remove, self._path(tenant_id, export_id))

    async def read(self, tenant_id: UUID, export_id: UUID) -> Iterator[bytes] | None:
        """The file's plain text, piece by piece; None when it is gone, or its person was erased.

        Reading raises FileDamaged. Run it in a thread.
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

    async def _whom(self, tenant_id: UUID, person: UUID, by_themself: bool) -> About:
        """The person, with what else is theirs, found as an erasure finds it."""
        found = await self._belongings.of(tenant_id, person, by_themself=by_themself)
        subjects = frozenset({person, *(subject.id for subject in found)})
        here = Scope(tenant_id=tenant_id, store=self._here, subjects=subjects)
        own = frozenset({person})
        accounts = Scope(tenant_id=ACCOUNTS, store=self._accounts, subjects=own)
        return About(
            person=person,
            by_themself=by_themself,
            sight=self._sight(Caller(tenant_id=tenant_id, user_id=person)),
            here=here,
            accounts=here if tenant_id == ACCOUNTS else accounts,
        )

    async def _document(self, about: About, wrote: Wrote) -> AsyncIterator[bytes]:
        """The document of GOV-17, some records at a time."""
        done, opening = 0, b"{"
        whole = about.by_themself or about.tenant_id == ACCOUNTS
        given = [part for part in self._parts if whole or not part.own]
        for section, parts in groupby(given, key=lambda part: part.section):
            yield opening + _json(section) + b":{"
            for number, part in enumerate(parts):
                yield (b"," if number else b"") + _json(part.name) + b":"
                records = 0
                async for count, text in self._part(part, about):
                    records += count
                    yield text
                done += 1
                await wrote(part.path, records, done, len(given))
            yield b"}"
            opening = b","
        generated = self._clock.now().isoformat()
        yield b',"generated_at":' + _json(generated) + b',"format":"JSON"}\n'

    async def _part(self, part: ExportPart, about: About) -> AsyncIterator[tuple[int, bytes]]:
        """How many records, and their text."""
        first = True
        async for batch in batches(part.read(about), _BATCH):
            shown = await own_only(part.scope(about), batch)
            if part.single:
                yield 1, _json(shown[0])
                return
            yield len(shown), (b"[" if first else b",") + b",".join(map(_json, shown))
            first = False
        if part.single:
            yield 0, b"null"
        else:
            yield 0, b"[]" if first else b"]"


def _about(tenant_id: UUID, export_id: UUID) -> str:
    return f"{tenant_id}/{export_id}"


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
