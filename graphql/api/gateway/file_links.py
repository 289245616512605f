"""Links to files are given while these are there."""

from uuid import UUID

from api.kit.model import RequestContext
from domain.kit.process.files import FileDamaged, FileStore, FilesUnavailable


async def is_there(ask: RequestContext, file_id: UUID) -> bool:
    """Whether a file of the caller's tenant is there; where files are away it may be."""
    try:
        found = await ask.port(FileStore).open(ask.caller.tenant_id, file_id)  # type: ignore[type-abstract]
    except FileDamaged:
        return False
    except FilesUnavailable:
        return True
    return found is not None
