"""What comes one by one, taken together."""

from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def batches(items: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """Lists of so many in their order, the last one of as many as are left."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
