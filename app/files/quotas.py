"""The room that a tenant's files have."""

from collections.abc import AsyncIterator
from uuid import UUID

from domain.kit.process.files import FileStore, FileTooLarge, StoredFile


class FilesFull(FileTooLarge):
    """A file would be taken, but the other files of the tenant leave no room for it."""


async def store_within(
    files: FileStore, tenant_id: UUID, name: str, pieces: AsyncIterator[bytes], *, most: int, in_all: int
) -> StoredFile:
    """Store a file of ``most`` bytes at the most, where the tenant's files may have ``in_all`` together. Raises
    FilesFull, FileTooLarge and FilesUnavailable."""
    left = max(in_all - await files.used(tenant_id), 0)
    try:
        return await files.store(tenant_id, name, pieces, most=min(most, left))
    except FileTooLarge:
        if left < most:
            raise FilesFull from None
        raise
