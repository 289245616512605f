"""A list of links looks for few files at once."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from api.gateway.file_links import is_there


class _Slow:
    """Files that are looked for slowly."""

    now = most = 0

    async def open(self, tenant_id: UUID, id: UUID) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1


async def test_few_files_are_looked_for_at_once() -> None:
    files = _Slow()
    # No more of a request is asked for.
    ask: Any = SimpleNamespace(caller=SimpleNamespace(tenant_id=uuid4()), port=lambda kind: files)
    assert not any(await asyncio.gather(*(is_there(ask, uuid4()) for _ in range(100))))
    assert files.most == 8
