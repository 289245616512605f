"""Files that workers read, with faults of files as those of effects."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.files import FileDamaged, FileStore, FilesUnavailable, OpenFile


async def opened(files: FileStore, tenant_id: UUID, id: UUID) -> OpenFile:
    """A file. Raises as `files_reached`."""
    with files_reached():
        file = await files.open(tenant_id, id)
    if file is None:
        raise EffectRefused("file_gone")
    return file


@contextmanager
def files_reached() -> Iterator[None]:
    """Have faults of files raise EffectRefused for what another try will not change, and else EffectFailed."""
    try:
        yield
    except FileNotFoundError:
        raise EffectRefused("file_gone") from None
    except FileDamaged:
        raise EffectRefused("file_damaged") from None
    except FilesUnavailable:
        raise EffectFailed("files_unavailable") from None
