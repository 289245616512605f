"""Search views: documents in an OpenSearch index whose mapping follows from the row's annotations."""

from dataclasses import dataclass

from projections.kit.declare.row import R
from projections.kit.declare.view import View, ViewStore


@dataclass(frozen=True, slots=True)
class FullText:
    """A text that is found by its words (see `text_analysis`); ``keyword`` adds an exact sub-field for
    sorting, and makes it a title: it is shown whole where words were found in it."""

    keyword: bool = False


@dataclass(frozen=True, slots=True)
class Keyed:
    """Texts, such as tags, that are found and counted whatever their case."""


class SearchView(View[R]):
    """A view in OpenSearch. ``title: Annotated[str, FullText(keyword=True)]`` is a text field, any other str,
    UUID or enum a keyword, datetime a date, int long, bool boolean; lists map as what they hold. Field
    names become camelCase. The kit adds ``tenantId`` (keyword), by which every query is filtered, and, for
    searching alone, the words of each text and the keys of each list that is `Keyed`.
    """

    store = ViewStore.SEARCH
