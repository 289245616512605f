"""Every search index, those of all generations among them, looked through for a person."""

import contextlib
import json
from typing import ClassVar

from opensearchpy import AsyncOpenSearch, NotFoundError, TransportError

from app.privacy.search.traces import Looked, SearchedPerson, TracePlace

_BATCH = 1_000
_SCROLL = "2m"


class Indexes:
    """`app.privacy.search.traces.SearchableStore` for OpenSearch."""

    store: ClassVar[str] = "search"

    def __init__(self, client: AsyncOpenSearch, prefix: str) -> None:
        self._client, self._prefix = client, prefix

    async def look(self, wanted: SearchedPerson) -> Looked:
        looked = Looked(self.store)
        for index in await self._indexes():
            await self._look(index, wanted, looked)
        return looked

    async def sweep(self, wanted: SearchedPerson) -> int:
        """Remove documents that name them in plain text: no view of this version writes such, but one of a former
        version may have. Others hold sealed texts, which views fold away."""
        swept = 0
        for index in await self._indexes():
            looked = Looked(self.store)
            await self._look(index, wanted, looked)
            for place in looked.plain:
                await self._client.delete(index=index, id=place.key, params={"refresh": "true"})
                swept += 1
        return swept

    async def _indexes(self) -> list[str]:
        found = await self._client.cat.indices(index=f"{self._prefix}*", params={"format": "json"})
        return sorted(entry["index"] for entry in found)

    async def _look(self, index: str, wanted: SearchedPerson, looked: Looked) -> None:
        await self._client.indices.refresh(index=index)
        body = {"query": {"term": {"tenantId": str(wanted.tenant_id)}}, "size": _BATCH, "sort": ["_doc"]}
        try:
            answer = await self._client.search(index=index, body=body, params={"scroll": _SCROLL})
        except NotFoundError:
            return  # Dropped a moment ago, with all that was in it.
        scroll = answer.get("_scroll_id")
        try:
            while hits := answer["hits"]["hits"]:
                for hit in hits:
                    text = json.dumps(hit["_source"], ensure_ascii=False)
                    looked.read(wanted, TracePlace(index, hit["_id"]), text)
                answer = await self._client.scroll(body={"scroll_id": scroll, "scroll": _SCROLL})
                scroll = answer.get("_scroll_id", scroll)
        finally:
            with contextlib.suppress(TransportError):
                await self._client.clear_scroll(body={"scroll_id": [scroll]})
