"""What the log has noted of operations."""

from uuid import UUID

import asyncpg

from domain.kit.caller import PLATFORM
from tests.kit.product import Product


async def noted(product: Product, id: str) -> list[tuple[str, UUID | None]]:
    """What the log says was asked of something, and by whom."""
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        rows = await connection.fetch(
            """select type, user_id from es.events where tenant_id = $1 and originator_id = $2
                order by originator_version""",
            PLATFORM,
            UUID(id),
        )
        return [(row["type"].removeprefix("operations."), row["user_id"]) for row in rows]
    finally:
        await connection.close()
