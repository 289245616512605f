"""Search views: documents in an OpenSearch index whose mapping follows from the row's annotations."""

from dataclasses import dataclass
from typing import TypeVar

from projections.kit.view import View

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class FullText:
    """A text field for full-text search; ``keyword`` adds an exact sub-field for sorting and facets."""

    analyzer: str = "english"
    keyword: bool = False


class SearchView(View[Row]):
    """A view in OpenSearch. ``title: Annotated[str, FullText(keyword=True)]`` is a text field, any other str,
    UUID or enum a keyword, datetime a date, int long, bool boolean; lists map as what they hold. Field
    names become camelCase. The kit adds ``tenantId`` (keyword), by which every query is filtered.
    """

    store = "search"
