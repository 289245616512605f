"""Links to files are given while these are there."""

from asyncio import AbstractEventLoop, Semaphore, get_running_loop
from uuid import UUID
from weakref import WeakKeyDictionary

from api.kit.model import RequestContext
from domain.kit.process.files import FileDamaged, FileStore, FilesUnavailable

_TOGETHER = 8
"""Files that a process looks for at once: of each the beginning is read and opened."""
_turns = WeakKeyDictionary[AbstractEventLoop, Semaphore]()


async def is_there(ask: RequestContext, file_id: UUID) -> bool:
    """Whether a file of the caller's tenant is there; where files are away it may be."""
    files = ask.port(FileStore)  # type: ignore[type-abstract]
    try:
        async with _turns.setdefault(get_running_loop(), Semaphore(_TOGETHER)):
            found = await files.open(ask.caller.tenant_id, file_id)
    except FileDamaged:
        return False
    except FilesUnavailable:
        return True
    return found is not None
