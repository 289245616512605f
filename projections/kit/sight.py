"""What of a tenant's rows somebody may not see: rows of some views that hold certain ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from projections.kit.conditions import Condition, vector
from projections.kit.view import View


@dataclass(frozen=True, slots=True)
class Sight:
    """``columns`` names, by view, the column with an id; rows in which it is one of ``hidden`` are not seen."""

    columns: Mapping[type[View[Any]], str] = field(default_factory=dict)
    hidden: frozenset[UUID] = frozenset()
    searched: Mapping[type[View[Any]], tuple[str, ...]] = field(default_factory=dict)
    """By view, the only texts in which words may be looked for; in all of them, where nothing is said."""

    def narrows(self, view: type[View[Any]]) -> bool:
        """Whether any row of this view may be hidden."""
        return bool(self.hidden) and view in self.columns

    def sees(self, view: type[View[Any]], row: object) -> bool:
        """Whether this row may be seen."""
        return not self.narrows(view) or getattr(row, self.columns[view]) not in self.hidden

    def conditions(self, view: type[View[Any]], where: Sequence[Condition] = ()) -> list[Condition]:
        """The same for rows that are selected in Postgres, where these conditions are given besides."""
        found: list[Condition] = []
        if self.narrows(view):
            column = self.columns[view]
            hidden = sorted(self.hidden)
            found.append(Condition(f"({column} is null or {column} <> all ({{}}::uuid[]))", hidden))
        if texts := self.searched.get(view):
            words = (one.words for one in where if one.words is not None)
            found += [
                Condition(f"{vector(texts)} @@ websearch_to_tsquery('english', {{}})", one) for one in words
            ]
        return found

    def without(self, view: type[View[Any]]) -> dict[str, list[UUID]]:
        """The same for documents: values that a column must not have."""
        return {self.columns[view]: sorted(self.hidden)} if self.narrows(view) else {}


EVERYTHING = Sight()
"""Sees all of the tenant's rows."""
