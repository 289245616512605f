"""Full-text search in Postgres, for when the search server is down: slower, with the same answers' shape."""

import html
from collections.abc import Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from projections.kit.conditions import Condition, bound, found_by, vector
from projections.kit.documents import Found, Hit
from projections.kit.live import Serving
from projections.kit.postgres import PostgresView
from projections.kit.rows import Reader
from projections.kit.search_query import LONGEST_TEXT, MOST_HITS, BadQuery
from projections.kit.tables import table_name

Row = TypeVar("Row")

_OPEN, _CLOSE = "\x02", "\x03"
_DEEPEST = 1000
_COUNTED = 10_000


class TextSearch(Generic[Row]):
    """Search of one Postgres view by its full-text index over ``document``, an SQL expression.

    ``texts`` are the columns to highlight. Cursors count hits, down to 1,000.
    """

    def __init__(
        self,
        view: type[PostgresView[Row]],
        reader: Reader,
        live: Serving,
        *,
        document: str,
        texts: Sequence[str],
    ) -> None:
        self._view = view
        self._reader = reader
        self._live = live
        self._vector = f"to_tsvector('english', {document})"
        self._texts = texts
        self._decoder: msgspec.json.Decoder[list[Row]] = msgspec.json.Decoder(
            list[view.row]  # type: ignore[name-defined]
        )

    async def search(
        self,
        tenant_id: UUID,
        text: str,
        *,
        where: Sequence[Condition],
        facets: Sequence[str],
        texts: Sequence[str] | None = None,
        first: int,
        after: str | None,
    ) -> Found[Row]:
        """The best matches that meet the conditions; no text matches everything. Words are looked for in all
        texts, or in ``texts`` alone. Raises BadQuery."""
        if not 0 <= first <= MOST_HITS:
            raise BadQuery(f"Ask for 0 to {MOST_HITS} hits.")
        if len(text) > LONGEST_TEXT:
            raise BadQuery(f"The text is longer than {LONGEST_TEXT} characters.")
        skip = _skipped(after)
        arguments: list[Any] = [tenant_id, text]
        query = "plainto_tsquery('english', $2)"
        table = table_name(self._view, self._live.generation(self._view))
        matching = "$2 = ''"
        if text.strip():
            matching = found_by(self._view, "@@ tsquery", query).format(schema=table.schema)
            if texts is not None:
                matching += f" and {vector(texts)} @@ {query}"
        else:
            arguments[1] = ""
        parts = ["tenant_id = $1", matching, *bound(where, arguments, table)]
        matched = f"select * from {table} where {' and '.join(parts)}"
        async with self._reader.reading(tenant_id) as connection:
            total = await connection.fetchval(
                f"select count(*) from (select from ({matched}) m limit {_COUNTED + 1}) n", *arguments
            )
            counts = {
                name: [
                    (row["value"], row["count"])
                    for row in await connection.fetch(self._facet(matched, name), *arguments)
                ]
                for name in facets
            }
            page = await connection.fetchrow(self._page(matched, first, skip), *arguments)
        assert page is not None
        rows = self._decoder.decode(page["rows"])
        marked: list[list[str | None]] = msgspec.json.decode(page["marked"])
        hits = [
            Hit(
                row=row,
                score=float(rank),
                highlights={
                    name: parts
                    for name, parts in self._highlights(marks).items()
                    if texts is None or name in texts
                },
                cursor=f"p{skip + number}",
            )
            for number, (row, rank, marks) in enumerate(
                zip(rows, page["ranks"] or [], marked, strict=True), 1
            )
        ]
        return Found(hits=hits, total=min(total, _COUNTED), more_than_counted=total > _COUNTED, facets=counts)

    def _page(self, matched: str, first: int, skip: int) -> str:
        query = "plainto_tsquery('english', $2)"
        options = f"StartSel={_OPEN},StopSel={_CLOSE},MaxFragments=3"
        marked = ", ".join(f"ts_headline('english', m.{name}, {query}, '{options}')" for name in self._texts)
        return (
            "select coalesce(json_agg(to_jsonb(h.m)), '[]')::text as rows, array_agg(h.rank) as ranks,"
            " coalesce(json_agg(h.marked), '[]')::text as marked from ("
            f"select m, ts_rank({self._vector}, {query}) as rank, json_build_array({marked}) as marked"
            f" from ({matched}) m order by rank desc, m.id limit {first} offset {skip}) h"
        )

    @staticmethod
    def _facet(matched: str, name: str) -> str:
        value = "unnest(tags)" if name == "tags" else name
        return f"select {value} as value, count(*) from ({matched}) m group by 1 order by 2 desc, 1 limit 50"

    def _highlights(self, texts: Sequence[str | None]) -> dict[str, list[str]]:
        return {
            name: [html.escape(text).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")]
            for name, text in zip(self._texts, texts, strict=True)
            if text and _OPEN in text
        }


def _skipped(after: str | None) -> int:
    if after is None:
        return 0
    if not after.startswith("p") or not after[1:].isascii() or not after[1:].isdigit() or len(after) > 5:
        raise BadQuery("This cursor was given out by another search; begin again.")
    if int(after[1:]) >= _DEEPEST:
        raise BadQuery(f"This search goes {_DEEPEST} hits deep at most.")
    return int(after[1:])
