"""Who may see what of the rows of all contexts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.kit.context.manifests import joined, single
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import Guarded, Rule, Shown
from projections.kit.read.live_generations import Serving
from projections.kit.store.generations import ReaderPool


@dataclass(frozen=True, kw_only=True)
class JoinedVisibility:
    """What the contexts declare in their `ContextVisibility`, put together."""

    make_rule: Callable[[ReaderPool, Serving, Guarded], Rule]
    sees_all: str
    """The permission of those from whom the rule hides nothing."""
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
        """The same, without a say about what happened to things of any kind."""
        return self.make_rule(reader, live, replace(self.guarded, moments={}))


def join_visibility(contexts: Sequence[ContextViews]) -> JoinedVisibility:
    """Put it together. Raises TypeError unless one context has the rule, and one the members of tenants."""
    about = joined(
        contexts,
        "visibility.about",
        lambda context: ((view.name, (view, column)) for view, column in context.visibility.about.items()),
    )
    moments = joined(
        contexts,
        "visibility.moments",
        lambda context: ((view.name, (view, moment)) for view, moment in context.visibility.moments.items()),
    )
    return JoinedVisibility(
        make_rule=single(contexts, "visibility.rule", lambda context: context.visibility.rule),
        sees_all=single(contexts, "visibility.sees_all", lambda context: context.visibility.sees_all),
        guarded=Guarded(
            members=single(contexts, "visibility.members", lambda context: context.visibility.members),
            about=dict(about.values()),
            moments=dict(moments.values()),
        ),
        shown=joined(
            contexts,
            "visibility.shown",
            lambda context: ((shown.aggregate.topic, shown) for shown in context.visibility.shown),
        ),
        messages=frozenset(kind.topic for context in contexts for kind in context.visibility.messages),
        changes=frozenset(event.stored_as for context in contexts for event in context.visibility.changes),
    )
