"""What of a tenant's rows somebody may not see: rows of some views that are about what is hidden from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from projections.kit.declare.view import View
from projections.kit.read.conditions import Condition


@dataclass(frozen=True, slots=True)
class Sight:
    """``columns`` names, by view, the column that says what a row is about; rows that are about nothing are seen.

    The rule is part of every statement that reads such rows, so that both are as of the same moment.
    """

    columns: Mapping[type[View[Any]], str] = field(default_factory=dict)
    rule: str | None = None
    """SQL that is true when ``{about}`` may be seen, with one ``{value}``; None: everything may be."""
    # The type is what the rule takes.
    value: Any = None
    searched: Mapping[type[View[Any]], tuple[str, ...]] = field(default_factory=dict)
    """By view, the only texts in which words may be looked for; in all of them, where nothing is said."""
    today: Mapping[type[View[Any]], str] = field(default_factory=dict)
    """Views whose rows may come to be about something else: SQL that is true when today's row may be seen."""

    told: Mapping[type[View[Any]], str] = field(default_factory=dict)
    """Views whose rows tell what happened to things that may have been about something else then: SQL that is true
    when a row, as it stands in the view's table, may be seen."""

    def narrows(self, view: type[View[Any]]) -> bool:
        """Whether any row of this view may be hidden."""
        return self.rule is not None and (view in self.columns or view in self.told)

    def conditions(self, view: type[View[Any]], *, past: bool = False) -> list[Condition]:
        """What rows that are selected in Postgres have to meet.

        With ``past``, what is hidden today is hidden in the past as well.
        """
        found: list[Condition] = []
        if self.rule is not None and view in self.columns:
            column = self.columns[view]
            seen = self.rule.format(about=column, value="{0}")
            found.append(Condition(f"({column} is null or {seen})", self.value))
        if self.rule is not None:
            if past and view in self.today:
                found.append(Condition(self.today[view].format(value="{0}"), self.value))
            elif not past and view in self.told:
                found.append(Condition(self.told[view].format(value="{0}"), self.value))
        return found


class Happened(Protocol):
    """An event, by what says who may read it."""

    topic: str
    originator_id: UUID
    position: int


EVERYTHING = Sight()
"""Sees all of the tenant's rows."""
