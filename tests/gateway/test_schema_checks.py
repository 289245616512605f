"""What is known of schemas grows, whoever reads it."""

import asyncio
from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

from app.gateway.schema_checks import SchemaChecks
from projections.gateway.event_schemas import NumberedVersion, SchemaReader

TENANT = uuid4()


class LateReader(SchemaReader):
    """Its first answer comes late, and is older than the second."""

    def __init__(self) -> None:
        self.asked, self.begun, self.open = 0, asyncio.Event(), asyncio.Event()

    async def versions(self, tenant_id: UUID, names: Collection[str]) -> list[NumberedVersion]:
        self.asked += 1
        newest = self.asked
        if newest == 1:
            self.begun.set()
            await self.open.wait()
        return [
            NumberedVersion("order.made", "order.made", number, uuid4()) for number in range(1, newest + 1)
        ]

    async def of_versions(self, tenant_id: UUID, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
        return {id: {"type": "object"} for id in ids}


async def test_who_read_earlier_and_comes_later_hides_no_version() -> None:
    reader = LateReader()
    checks = SchemaChecks(reader)
    late = asyncio.create_task(checks.ready(TENANT, {"order.made"}))
    await reader.begun.wait()
    await checks.ready(TENANT, {"order.made", "order.paid"})
    assert checks.newest(TENANT, "order.made") == 2
    reader.open.set()
    await late
    assert checks.newest(TENANT, "order.made") == 2
