"""The OpenSearch store: documents with the position of their last event as version, then the checkpoint."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Generic, TypeVar
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError, RequestError, TransportError

from projections.kit.background import end
from projections.kit.declare.row import R
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import FullKey, LoadedRows, RowChanges
from projections.kit.store.checkpoints import Checkpoints, StoredCheckpoint
from projections.kit.store.index_mapping import TENANT, DocumentMapping, IndexNames
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, RowsRefused

T = TypeVar("T")

_CHUNK_BYTES = 1_000_000
"""Of one bulk request. Larger ones are no faster, and the client's HTTP library warns from 1 MiB on."""
_CHUNK_IDS = 1000
_SCROLL = "5m"
"""How long the server keeps a scan for somebody who is slow between two batches."""
_AT_ONCE = 4
"""Requests in flight for one page."""

_BULK = {"require_alias": "true", "filter_path": "errors,items.index.status,items.index.error"}
"""The rest of an answer repeats the request, and reading it would take longer than making the request."""

_SETTINGS = {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "1s"}


class BulkFailed(Exception):
    """The server took only a part of a page; the next try repeats that part and adds the rest."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One document to write."""

    id: str
    version: int
    source: bytes

    def lines(self) -> bytes:
        """Its part of a bulk request."""
        # Ids are quoted as in URLs, so nothing in them has to be escaped.
        return b'{"index":{"_id":"%b","version":%d,"version_type":"external_gte"}}\n%b\n' % (
            self.id.encode(),
            self.version,
            self.source,
        )


class SearchStore(Generic[R]):
    """One generation of a search view; a `Store` that also wants `Upkeep`.

    OpenSearch has no transactions, so a page's documents are written first and the checkpoint after them.
    That is safe because every write is idempotent: a document's version is the position of the last event
    in it, an older version is refused, the same one replaces itself; and `load` says those versions, so
    that a page folded again skips what a document already holds.

    A deleted row stays as an empty document that belongs to no tenant: no query finds it, and its version
    refuses late writes for ever (the server forgets the versions of really deleted ones after a minute).

    The index's own UUID is kept with the checkpoint. An index that vanished, or was recreated after the
    server lost its data, is Lost. Search sees a write up to a second after `save`; `load` sees it at once.
    """

    renew_every = timedelta(seconds=5)
    bulk_rows = 20_000

    def __init__(
        self,
        view: SearchView[R],
        client: AsyncOpenSearch,
        generation: int,
        checkpoints: Checkpoints,
        prefix: str = "hw",
    ) -> None:
        self.view, self.generation = view, generation
        self.documents = DocumentMapping(view)
        self.names = IndexNames(view, generation=generation, prefix=prefix)
        self._client, self._checkpoints = client, checkpoints
        self._storage: str | None = None
        self._open = False

    async def prepare(self) -> None:
        """Make the index. Raises TypeError when it stands there with another mapping."""
        body = {
            "settings": {"index": _SETTINGS},
            "mappings": self.documents.mapping,
            "aliases": {self.names.write: {}},
        }
        try:
            await self._client.indices.create(index=self.names.index, body=body)
        except RequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
            found = await self._client.indices.get_mapping(index=self.names.index)
            if found[self.names.index]["mappings"] != self.documents.mapping:
                raise TypeError(
                    f"{self.view.name} version {self.view.version} is indexed with another mapping; "
                    f"a changed row needs a new version."
                ) from None

    async def load(self, keys: Collection[FullKey]) -> LoadedRows[R]:
        """As `Store.load`, in requests of at most 1,000 rows; with positions, also those of deleted rows."""
        wanted = iter([(self.documents.id(full), full) for full in keys])
        rows: LoadedRows[R] = LoadedRows()
        while batches := [batch for _ in range(_AT_ONCE) if (batch := list(islice(wanted, _CHUNK_IDS)))]:
            for batch, answers in zip(batches, await _together(map(self._get, batches)), strict=True):
                for (_, full), answer in zip(batch, answers, strict=True):
                    if "error" in answer:
                        raise self._lost()
                    if answer["found"]:
                        rows.positions[full] = answer["_version"]
                        if TENANT in answer["_source"]:
                            rows[full] = self.documents.read(answer["_source"])
        return rows

    async def save(self, changes: RowChanges[R], checkpoint: Checkpoint, after: int | None = None) -> None:
        """As `Store.save`, but not in one step: see the class. Raises BulkFailed for a part that failed.

        ``after`` does not matter: each document says which events it holds.
        """
        kept, storage = await asyncio.gather(self._kept(), self._index_uuid())
        if kept is not None and kept.checkpoint.token > checkpoint.token:
            raise LeaseLost(f"{self.view.name} is held under token {kept.checkpoint.token}")
        if storage != (kept.storage if kept else self._storage or storage):
            raise self._lost()
        chunks = self._chunks(changes)
        await _together(self._write_all(chunks) for _ in range(_AT_ONCE))
        await self._checkpoints.put(self.view.name, self.generation, StoredCheckpoint(checkpoint, storage))
        self._storage = storage

    async def checkpoint(self) -> Checkpoint:
        kept, storage = await asyncio.gather(self._kept(), self._index_uuid())
        if storage != (kept.storage if kept else self._storage or storage):
            raise self._lost()
        self._storage = storage
        return kept.checkpoint if kept else Checkpoint(0, 0, 0)

    async def renew(self) -> None:
        if await self._index_uuid() != self._storage:
            await self.checkpoint()

    async def caught_up(self) -> None:
        """Refresh before readers are let in."""
        if self._open:
            return
        await self.refresh()
        await self._client.indices.put_alias(index=self.names.index, name=self.names.open)
        self._open = True

    async def refresh(self) -> None:
        """Make all that was saved visible to search now, rather than within a second."""
        try:
            await self._client.indices.refresh(index=self.names.write)
        except NotFoundError:
            raise self._lost() from None

    async def count(self) -> int:
        await self.refresh()
        living = {"query": {"exists": {"field": TENANT}}}
        answer = await self._client.count(index=self.names.write, body=living)
        return int(answer["count"])

    async def scan(self, tenant_id: UUID | None = None) -> AsyncGenerator[dict[FullKey, R], None]:
        """As `Store.scan`, as of one moment: all that was saved before it began."""
        await self.checkpoint()
        await self.refresh()
        query = {"exists": {"field": TENANT}} if tenant_id is None else {"term": {TENANT: str(tenant_id)}}
        body = {"query": query, "size": _CHUNK_IDS, "sort": ["_doc"]}
        try:
            answer = await self._client.search(
                index=self.names.write,
                body=body,
                params={"scroll": _SCROLL, "allow_partial_search_results": "false"},
            )
        except NotFoundError:
            raise self._lost() from None
        scroll = answer.get("_scroll_id")
        try:
            while hits := answer["hits"]["hits"]:
                yield dict(self._found(hit["_source"]) for hit in hits)
                answer = await self._client.scroll(body={"scroll_id": scroll, "scroll": _SCROLL})
                scroll = answer.get("_scroll_id", scroll)
        except NotFoundError:
            raise self._lost() from None
        finally:
            with contextlib.suppress(TransportError):
                await self._client.clear_scroll(body={"scroll_id": [scroll]})

    def _found(self, source: dict[str, Any]) -> tuple[FullKey, R]:
        row = self.documents.read(source)
        return (UUID(source[TENANT]), tuple(getattr(row, name) for name in self.view.key)), row

    async def begin_bulk(self) -> None:
        """Hide new documents from searches until `end_bulk`."""
        await self._refreshed_every("-1")

    async def end_bulk(self) -> None:
        await self._refreshed_every(_SETTINGS["refresh_interval"])
        await self.refresh()

    async def _refreshed_every(self, interval: object) -> None:
        try:
            await self._client.indices.put_settings(
                index=self.names.write, body={"index": {"refresh_interval": interval}}
            )
        except NotFoundError:
            raise self._lost() from None

    async def drop(self) -> None:
        """Remove the index, and the checkpoint that spoke for it."""
        await self._client.indices.delete(index=self.names.index, params={"ignore_unavailable": "true"})
        await self._checkpoints.forget(self.view.name, self.generation)
        self._forget()

    # The client's answers are untyped JSON.
    async def _get(self, batch: list[tuple[str, FullKey]]) -> list[dict[str, Any]]:
        answer = await self._client.mget(
            index=self.names.write, body={"ids": [document_id for document_id, _ in batch]}
        )
        found: list[dict[str, Any]] = answer["docs"]
        return found

    def _chunks(self, changes: RowChanges[R]) -> Iterator[bytes]:
        lines: list[bytes] = []
        size = 0
        for full, row in changes.items():
            source = b"{}" if row is None else self.documents.document(full[0], row)
            item = _Item(self.documents.id(full), changes.positions[full], source).lines()
            if lines and size + len(item) > _CHUNK_BYTES:
                yield b"".join(lines)
                lines, size = [], 0
            lines.append(item)
            size += len(item)
        if lines:
            yield b"".join(lines)

    async def _write_all(self, chunks: Iterator[bytes]) -> None:
        """Write the chunks that nobody beside takes first."""
        for chunk in chunks:
            await self._write(chunk)

    async def _write(self, chunk: bytes) -> None:
        answer = await self._client.bulk(index=self.names.write, body=chunk, params=_BULK)
        if not answer["errors"]:
            return
        # A conflict means that a newer version is there: nothing is left to do.
        failed = [item["index"] for item in answer["items"] if item["index"]["status"] not in (200, 201, 409)]
        if any(item["error"]["type"] == "index_not_found_exception" for item in failed):
            raise self._lost()
        if failed:
            reasons = "; ".join(item["error"]["reason"] for item in failed[:3])
            failure = BulkFailed(f"{self.view.name}: {len(failed)} documents were refused: {reasons}")
            if all(item["status"] == 400 for item in failed):
                raise RowsRefused(str(failure)) from failure
            raise failure

    async def _kept(self) -> StoredCheckpoint | None:
        return await self._checkpoints.get(self.view.name, self.generation)

    async def _index_uuid(self) -> str:
        try:
            found = await self._client.indices.get_settings(index=self.names.write)
        except NotFoundError:
            raise self._lost() from None
        return str(found[self.names.index]["settings"]["index"]["uuid"])

    def _forget(self) -> None:
        self._storage, self._open = None, False

    def _lost(self) -> Lost:
        self._forget()
        return Lost(f"{self.view.name}: its index {self.names.index} is gone or was recreated")


async def _together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All results; when one fails, the others are ended first, so that nothing is written afterwards."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await end(*tasks)
