"""Files that were sent to be imported: nobody knows who is in them, so all of a tenant's go with one person."""

from typing import ClassVar

from app.privacy.search.traces import SearchedPerson
from domain.kit.process.files import FileStore


class SentFiles:
    """`app.privacy.search.traces.SweptStore` for files of tenants; an import that reads one stops there."""

    store: ClassVar[str] = "sent_files"

    def __init__(self, files: FileStore) -> None:
        self._files = files

    async def sweep(self, wanted: SearchedPerson) -> int:
        """Remove all files of the tenant."""
        return await self._files.sweep(wanted.tenant_id)
