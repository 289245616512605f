"""A list of links looks for few files at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

from api.gateway.file_links import is_there
from api.kit.schema.context import RequestContext
from app.entry.assembly import assembled
from app.files.factory import object_store
from app.files.store import ObjectFile, ObjectFiles
from app.keys import KeyRing
from domain.kit.caller import Caller
from domain.kit.process.files import FileStore
from tests.kit.client import Client
from tests.kit.product import Product


class Counted(ObjectFiles):
    """The files of a product, which count how many are looked for at once."""

    now = most = 0

    async def open(self, tenant_id: UUID, id: UUID) -> ObjectFile | None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().open(tenant_id, id)
        finally:
            self.now -= 1


async def test_few_files_are_looked_for_at_once(product: Product, client: Client) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"1"

    async with assembled(product.settings) as assembly:
        ring = assembly.services.opening
        assert isinstance(ring, KeyRing)
        files = Counted(object_store(product.settings), ring)
        stored = await files.store(client.tenant, "events", pieces(), most=1)
        services = replace(assembly.services, ports={**assembly.services.ports, FileStore: files})
        ask = RequestContext(identity=Caller(tenant_id=client.tenant, user_id=client.user), services=services)
        ids = [stored.id, *(uuid4() for _ in range(100))]
        found = await asyncio.gather(*(is_there(ask, id) for id in ids))
    assert (found[0], any(found[1:]), files.most) == (True, False, 8)
