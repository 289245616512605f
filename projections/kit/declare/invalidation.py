"""Tags of cached answers: a Redis view that keeps the position of the last event to touch each tag."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folds import FoldMark
from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import Row

E = TypeVar("E", bound=Event)


class Marker(Row):
    """A tag and the position of the last event that touched it."""

    tag: str
    position: int


class Invalidation(RedisView[Marker]):
    """Which events make which cached answers old, as a view of its own; the engine fills it like any other.

        class WorkTags(Invalidation, name="work.tags", ttl=timedelta(hours=2)):
            tasks = invalidates(Task.Created, Task.Renamed, tags=lambda event, envelope: ["tasks"])

    Markers stay, as rows of any view: one that is absent says that no event ever touched the tag.
    """

    def __init_subclass__(
        cls, *, name: str = "", version: int = 1, ttl: timedelta = timedelta(hours=2)
    ) -> None:
        super().__init_subclass__(name=name, version=version, key="tag", pattern="tag:{tag}", ttl=ttl)


def invalidates(*events: type[E], tags: Callable[[E, Envelope], Sequence[str]]) -> Callable[..., Marker]:
    """A fold for an `Invalidation`: the tags of its tenant that each of these events touches. Pure."""

    def touch(self: Invalidation, row: Marker | None, event: Event, key: str, envelope: Envelope) -> Marker:
        return Marker(tag=key, position=envelope.position)

    touch.__dict__["folds"] = FoldMark(events, lambda event, envelope: list(tags(event, envelope)))
    return touch
