"""What comes one by one, taken together."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

T = TypeVar("T")


def _nothing(_: object) -> int:
    return 0


async def batches(
    items: AsyncIterator[T], size: int, *, weight: Callable[[T], int] = _nothing, most: int = 0
) -> AsyncIterator[list[T]]:
    """Lists of so many in their order, the last one of as many as are left; one that weighs more than ``most``
    ends with the item that makes it so."""
    batch, weighed = list[T](), 0
    async for item in items:
        batch.append(item)
        weighed += weight(item)
        if len(batch) == size or weighed > most:
            yield batch
            batch, weighed = [], 0
    if batch:
        yield batch
