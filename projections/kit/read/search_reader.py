"""Reading search views: hits and facets of one tenant, or Unavailable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic
from uuid import UUID

from projections.kit.declare.row import R
from projections.kit.declare.search import SearchView
from projections.kit.read.circuit_breaker import Breaker, Unavailable
from projections.kit.read.live_generations import NotServed, Serving
from projections.kit.read.search_query import BadCursor, Query, SearchBody, write_cursor
from projections.kit.store.index_mapping import TENANT, DocumentMapping, IndexNames, camel, left_out

if TYPE_CHECKING:
    from opensearchpy import AsyncOpenSearch

_TIMEOUT = 2.0

_NOT_NOW = (404, 429, 500, 502, 503, 504)
"""No index for readers yet, too much to do, a shard that fails, or no node that answers."""


def search_breaker(*, timeout: float = _TIMEOUT) -> Breaker:
    """A breaker for one OpenSearch, to be shared by all searches on it; seconds for each call."""
    # Loaded by whoever searches alone: the library takes a third of a second.
    from opensearchpy.exceptions import ConnectionError as NoConnection

    return Breaker("OpenSearch", faults=(NoConnection,), timeout=timeout)


@dataclass(frozen=True, slots=True)
class Hit(Generic[R]):
    """One document found. In OpenSearch's the texts that nobody sorts by are empty, however long they are."""

    row: R
    score: float
    cursor: str


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """A page of hits. ``total`` is exact unless ``more_than_counted``; facets are values and counts."""

    hits: list[Hit[R]]
    total: int
    more_than_counted: bool
    facets: dict[str, list[tuple[str, int]]]


class SearchReader(Generic[R]):
    """A search view, for readers, in the generation that is live.

    Every search names a tenant, and this class adds the filter by it; there is no other way in. Raises
    BadQuery for what cannot be asked, and Unavailable when OpenSearch is down, slow, answers only in
    part, or the index is still being filled: then answer from Postgres.
    """

    def __init__(
        self,
        view: SearchView[R],
        client: "AsyncOpenSearch",
        live: Serving,
        prefix: str = "hw",
        breaker: Breaker | None = None,
        weights: Mapping[str, int] | None = None,
    ) -> None:
        self.view = view
        self._client, self._breaker = client, breaker or search_breaker()
        self._live, self._prefix = live, prefix
        self._documents = DocumentMapping(view)
        self._blank = dict.fromkeys(left_out(view.row), "")
        self._body = SearchBody(view, weights)

    async def search(self, tenant_id: UUID, query: Query) -> Found[R]:
        """A page of the tenant's documents."""
        body = self._body.body(tenant_id, query, timeout_ms=int(self._breaker.timeout * 900))
        answer = await self._ask(body)
        return Found(
            hits=[self._hit(tenant_id, hit, query.sort) for hit in answer["hits"]["hits"]],
            total=answer["hits"]["total"]["value"],
            more_than_counted=answer["hits"]["total"]["relation"] != "eq",
            facets={
                name: _counts(answer["aggregations"][camel(name)]["values"]["buckets"])
                for name in query.facets
            },
        )

    # Requests and answers are the server's JSON, untyped.
    async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        from opensearchpy.exceptions import TransportError

        try:
            generation = self._live.generation(type(self.view))
        except NotServed as error:
            raise Unavailable(str(error)) from error
        names = IndexNames(self.view, generation=generation, prefix=self._prefix)
        try:
            async with self._breaker.guard():
                answer: dict[str, Any] = await self._client.search(
                    index=names.open, body=body, params={"allow_partial_search_results": "false"}
                )
        except TransportError as error:
            if error.status_code == 400 and "search_after" in body:
                raise BadCursor("This is not a cursor of this search.") from error
            if error.status_code in _NOT_NOW:
                raise Unavailable(f"{self.view.name} cannot be searched: {error.error}") from error
            raise
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise Unavailable(f"{self.view.name} was searched only in part")
        return answer

    def _hit(self, tenant_id: UUID, hit: dict[str, Any], sort: str | None) -> Hit[R]:
        source = hit["_source"]
        if source[TENANT] != str(tenant_id):
            raise RuntimeError(f"{self.view.name} answered with another tenant's document")
        return Hit(
            row=self._documents.read({**self._blank, **source}),
            score=hit["_score"] or 0.0,
            cursor=write_cursor(hit["sort"], sort),
        )


def _counts(buckets: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in buckets]
