"""The raw bulk rates of OpenSearch and Redis with their own clients: the ceiling of any rebuild into them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.embedded import EmbeddedError
from bench.events import ABOUT, TENANT, USER
from bench.place import opensearch, postgres, run, valkey
from bench.table import Sample, Stopwatch, middle, rounds, sample, show
from bench.views import CardDocument, CardSearch
from domain.work.tasks import TaskPriority, TaskStatus
from projections.kit.store.index_mapping import DocumentMapping

ROUNDS = 5
DOCUMENTS = 40_000
CALLERS = 4
_CHUNK = 1_000
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def documents(count: int) -> list[tuple[str, bytes]]:
    """Ids and documents of `bench.views.CardSearch`, already encoded: encoding is no part of the raw rate."""
    shape = DocumentMapping(CardSearch())
    texts = []
    for number in range(count):
        row = CardDocument(
            id=UUID(int=number),
            title=f"Answer letter {number}",
            description=ABOUT,
            status=TaskStatus.TODO,
            priority=TaskPriority.HIGH,
            assigned_to=USER,
            updated_at=_WHEN,
        )
        texts.append((shape.id((TENANT, (row.id,))), shape.document(TENANT, row)))
    return texts


async def search_bulk(client: AsyncOpenSearch, texts: Sequence[tuple[str, bytes]]) -> Sample:
    """Indexes the documents into a new index with the view's mapping, ``CALLERS`` requests at a time."""
    index = "bench-raw"
    if await client.indices.exists(index=index):
        await client.indices.delete(index=index)
    body = {
        "settings": {"index": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"}},
        "mappings": DocumentMapping(CardSearch()).mapping,
    }
    await client.indices.create(index=index, body=body)
    chunks = iter([texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK)])

    async def caller() -> None:
        for chunk in chunks:
            lines = [b'{"index":{"_id":"%s"}}\n%s\n' % (id.encode(), source) for id, source in chunk]
            answer = await client.bulk(body=b"".join(lines), index=index)
            assert not answer["errors"], "every document fits the mapping"

    watch = Stopwatch()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return sample(len(texts), watch)


async def redis_bulk(redis: Redis, texts: Sequence[tuple[str, bytes]]) -> Sample:
    """Set the documents as keys that expire, in pipelines of a thousand."""
    await redis.flushdb()
    watch = Stopwatch()
    for at in range(0, len(texts), _CHUNK):
        pipeline = redis.pipeline(transaction=False)
        for id, source in texts[at : at + _CHUNK]:
            pipeline.set(id, source, px=7_200_000)
        await pipeline.execute()
    return sample(len(texts), watch)


async def main() -> None:
    """Each server alone, for they share the machine with us."""
    texts = documents(DOCUMENTS)
    # Only for its line of facts; nothing is measured in it.
    async with postgres():
        pass
    lines: list[tuple[str, str]] = []
    async with valkey() as server, Redis.from_url(server.url) as redis:
        found = await rounds({"redis": partial(redis_bulk, redis, texts)}, count=ROUNDS)
        lines.append(("Redis, pipelines of 1,000 SET", f"{middle(found['redis']).rate:,.0f} rows/s"))
    try:
        async with opensearch() as node, AsyncOpenSearch(node.url) as client:
            found = await rounds({"search": partial(search_bulk, client, texts)}, count=ROUNDS)
            rate = middle(found["search"]).rate
            lines.append((f"OpenSearch, bulks of 1,000, {CALLERS} callers", f"{rate:,.0f} documents/s"))
    except EmbeddedError as error:
        print(f"no OpenSearch: {error}")
    show("Raw bulk rates", ("", "median"), lines)


if __name__ == "__main__":
    run(main())
