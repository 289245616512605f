"""From the key file to another keeper: what the file wrapped still unwraps, until it is rewrapped."""

from app.keys.file import FileMaster
from app.keys.key_provider import Context, Master, Wrapped


class KeyProviderMigration:
    """Wraps with the new keeper's key, and unwraps with whichever key wrapped."""

    def __init__(self, master: Master, former: FileMaster) -> None:
        self._master, self._former = master, former

    async def current(self) -> str:
        return await self._master.current()

    async def wrap(self, plain: bytes, context: Context) -> Wrapped:
        return await self._master.wrap(plain, context)

    async def unwrap(self, wrapped: Wrapped, context: Context) -> bytes:
        keeper = self._former if wrapped.master_key.startswith("file-") else self._master
        return await keeper.unwrap(wrapped, context)

    async def rotate(self) -> str:
        return await self._master.rotate()

    async def close(self) -> None:
        await self._master.close()
