"""Who may see what of the rows of all contexts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.kit.context.manifests import joined
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import Guarded, Rule, Shown
from projections.kit.read.live_generations import Serving
from projections.kit.store.generations import ReaderPool

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class JoinedVisibility:
    """What the contexts declare in their `ContextVisibility`, put together."""

    make_rule: Callable[[ReaderPool, Serving, Guarded], Rule]
    guarded: Guarded
    shown: Mapping[str, Shown]
    """Where the things of each topic are shown."""
    messages: frozenset[str]
    """Topics of what tells one person about things that others may not see."""
    changes: frozenset[str]
    """The stored names of the events after which somebody may see more or less."""

    def rule(self, reader: ReaderPool, live: Serving) -> Rule:
        """The rule, for those who read from these stores."""
        return self.make_rule(reader, live, self.guarded)

    def rule_of_single(self, reader: ReaderPool, live: Serving) -> Rule:
        """The same, without a say about rows that may be about things of any kind."""
        return self.make_rule(reader, live, replace(self.guarded, about_anything={}))


def join_visibility(contexts: Sequence[ContextViews]) -> JoinedVisibility:
    """Put it together. Raises TypeError unless one context has the rule, and one the members of tenants."""
    about = joined(
        contexts,
        "visibility.about",
        lambda one: ((view.name, (view, column)) for view, column in one.visibility.about.items()),
    )
    anything = joined(
        contexts,
        "visibility.about_anything",
        lambda one: ((view.name, (view, place)) for view, place in one.visibility.about_anything.items()),
    )
    return JoinedVisibility(
        make_rule=_single(contexts, "rule", lambda one: one.visibility.rule),
        guarded=Guarded(
            members=_single(contexts, "members", lambda one: one.visibility.members),
            about=dict(about.values()),
            about_anything=dict(anything.values()),
        ),
        shown=joined(
            contexts,
            "visibility.shown",
            lambda one: ((shown.aggregate.topic, shown) for shown in one.visibility.shown),
        ),
        messages=frozenset(kind.topic for one in contexts for kind in one.visibility.messages),
        changes=frozenset(event.stored_as for one in contexts for event in one.visibility.changes),
    )


def _single(contexts: Sequence[ContextViews], part: str, of: Callable[[ContextViews], V | None]) -> V:
    found = [(one.package, said) for one in contexts if (said := of(one)) is not None]
    if len(found) != 1:
        whose = ", ".join(package for package, _ in found) or "none of them"
        raise TypeError(f"One context declares visibility.{part}, not {whose}.")
    return found[0][1]
