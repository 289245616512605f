"""Search in Postgres, for when the search server is down: with the same words, and the same answers' shape."""

from collections.abc import Sequence
from typing import Any, Generic
from uuid import UUID

import msgspec

from domain.kit.languages import DEFAULT
from projections.kit.declare.filters import EVERYTHING, Filter, apart
from projections.kit.declare.postgres import WORDS, PostgresView, key_of
from projections.kit.declare.row import R
from projections.kit.read.conditions import (
    TSQUERY,
    Condition,
    bound,
    filtered,
    found_by,
    tsquery,
    weights_of,
)
from projections.kit.read.keyset import columns_of
from projections.kit.read.live_generations import Serving
from projections.kit.read.search_query import MOST_HITS, BadCursor, BadQuery, Query, looked_for
from projections.kit.read.search_reader import Found, Hit
from projections.kit.store.generations import ReaderPool
from projections.kit.store.table_names import table_name

_DEEPEST = 1000
"""Of more matches the newest so many are ranked."""
_COUNTED = 10_000
_RANK = "ts_rank('{0.1, 0.2, 0.33, 1}', %s, %s)"
"""A title is three times as telling as a body."""


class TextSearch(Generic[R]):
    """Search of one Postgres view by the words of its texts. Cursors count hits, down to 1,000."""

    def __init__(self, view: type[PostgresView[R]], reader: ReaderPool, live: Serving) -> None:
        self._view = view
        self._reader = reader
        self._live = live
        self._decoder: msgspec.json.Decoder[list[R]] = msgspec.json.Decoder(
            list[view.row]  # type: ignore[name-defined]
        )

    async def search(
        self,
        tenant_id: UUID,
        text: str,
        *,
        language: str = DEFAULT,
        filter: Filter = EVERYTHING,
        where: Sequence[Condition] = (),
        facets: Sequence[str],
        texts: Sequence[str] | None = None,
        first: int,
        after: str | None,
    ) -> Found[R]:
        """The best matches that meet the filter and the conditions; no text matches everything. Words are looked
        for in all texts, or in ``texts`` alone. ``facets`` are counted as if the filter said nothing of their own
        column alone. Raises BadQuery."""
        if not 0 <= first <= MOST_HITS:
            raise BadQuery(f"Ask for 0 to {MOST_HITS} hits.")
        weights = "" if texts is None else weights_of(self._view.words, texts)
        query = tsquery(looked_for(Query(text=text, language=language)), weights)
        skip = _skipped(after)
        table = table_name(self._view, self._live.generation(self._view))
        matching = "$2::text = ''"
        if text.strip():
            matching = found_by(self._view, "@@ tsquery", TSQUERY.format("$2")).format(schema=table.schema)
        alone, others = apart(filter, facets)

        def found(without: str | None = None) -> tuple[str, list[Any]]:
            """The select of what matches, but for what the filter says of a column, and its arguments."""
            values: list[Any] = [tenant_id, query]
            kept = [others, *(part for column, part in alone.items() if column != without)]
            narrowed = [filtered(self._view, part) for part in kept]
            parts = ["tenant_id = $1", matching, *bound([*narrowed, *where], values, table)]
            return f"select * from {table} where {' and '.join(parts)}", values

        matched, arguments = found()
        async with self._reader.reading(tenant_id) as connection:
            total = await connection.fetchval(
                f"select count(*) from (select from ({matched}) m limit {_COUNTED + 1}) n", *arguments
            )
            counts = {}
            for name in facets:
                among, values = found(without=name)
                counted = await connection.fetch(self._facet(among, name), *values)
                counts[name] = [(row["value"], row["count"]) for row in counted]
            page = await connection.fetchrow(self._page(matched, first, skip), *arguments)
        assert page is not None
        hits = [
            Hit(row=row, score=float(rank), cursor=f"p{skip + number}")
            for number, (row, rank) in enumerate(
                zip(self._decoder.decode(page["rows"]), page["ranks"] or [], strict=True), 1
            )
        ]
        return Found(hits=hits, total=min(total, _COUNTED), more_than_counted=total > _COUNTED, facets=counts)

    def _page(self, matched: str, first: int, skip: int) -> str:
        rank = _RANK % (f"m.{WORDS}", TSQUERY.format("$2"))
        columns = columns_of(self._view)
        ranked = f"select *, {rank} as ranked from ({matched} order by id desc limit {_DEEPEST}) m"
        page = f"select * from ({ranked}) r order by ranked desc, id limit {first} offset {skip}"
        return (
            "select coalesce(json_agg(to_jsonb(h)), '[]')::text as rows, array_agg(ranked) as ranks"
            f" from (select {columns}, ranked from ({page}) p) h"
        )

    def _facet(self, matched: str, name: str) -> str:
        value = f"unnest({key_of(name)})" if name in self._view.keyed else name
        return f"select {value} as value, count(*) from ({matched}) m group by 1 order by 2 desc, 1 limit 50"


def _skipped(after: str | None) -> int:
    if after is None:
        return 0
    if not after.startswith("p") or not after[1:].isascii() or not after[1:].isdigit() or len(after) > 5:
        raise BadCursor("This cursor was given out by another search; begin again.")
    if int(after[1:]) >= _DEEPEST:
        raise BadQuery(f"This search goes {_DEEPEST} hits deep at most.")
    return int(after[1:])
