"""The port to files: whole files of a tenant, encrypted where they lie, found by what they hold."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol, runtime_checkable
from uuid import UUID

KEPT = timedelta(days=7)
"""How long a file is kept at most, after its content came last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that is stored."""

    id: UUID
    """It follows from tenant and content: the same content again is the same file."""
    name: str
    """What it was called when it was first stored."""
    size: int
    """Bytes."""
    stored_at: datetime


class FileTooLarge(Exception):
    """A file has more bytes than are taken."""


class FilesUnavailable(OSError):
    """Files cannot be stored or read for now."""


class FileDamaged(Exception):
    """A file does not open: it was changed, cut off, or belongs elsewhere."""


class OpenFile(Protocol):
    """A file that is read."""

    @property
    def stored(self) -> StoredFile:
        """What it is."""
        ...

    def reader(self) -> BinaryIO:
        """Its bytes, from any place on. Reading waits for the store, so use it in a thread; it raises
        FileDamaged, FilesUnavailable, and FileNotFoundError for one that was removed meanwhile."""
        ...


@runtime_checkable
class FileStore(Protocol):
    """The files of tenants."""

    async def store(
        self, tenant_id: UUID, name: str, pieces: AsyncIterator[bytes], *, most: int
    ) -> StoredFile:
        """Store a file while it comes in: whole or not at all. Raises FileTooLarge for more than ``most``
        bytes, and FilesUnavailable."""
        ...

    async def open(self, tenant_id: UUID, id: UUID) -> OpenFile | None:
        """A file of the tenant; None when there is none. Raises FileDamaged and FilesUnavailable."""
        ...

    async def used(self, tenant_id: UUID) -> int:
        """The bytes that the tenant's files take. Raises FilesUnavailable."""
        ...

    async def remove(self, tenant_id: UUID, id: UUID) -> None:
        """Remove a file; nothing happens when there is none."""
        ...

    async def sweep(self, tenant_id: UUID) -> int:
        """Remove all files of a tenant; how many there were."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNote:
    """What a link says of its file, so that whoever fetches it is on record."""

    asked_by: UUID | None
    """Who asked for the link, and how they were authenticated."""
    kind: str
    field: str
    """Of what it is the file, as ``EventExport.file``."""
    what: str
    """What is in it, in words and ids."""
    name: str = ""
    """What it is called once it is fetched; empty: as when it was stored."""
    confidential: bool = True
    """Whether there may be payloads in it."""


@runtime_checkable
class FileLinks(Protocol):
    """Links by which files are fetched without signing in."""

    def link(self, tenant_id: UUID, id: UUID, note: FileNote) -> str:
        """The path, with a signature that is good for some minutes."""
        ...
