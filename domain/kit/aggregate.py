"""Aggregates: they check a rule, record what happened, and apply it; on the eventsourcing library's base."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from eventsourcing.domain import BaseAggregate
from eventsourcing.utils import register_topic

from domain.kit.appliers import Applier, appliers
from domain.kit.claims import NO_CLAIMS, Claims, Unique, uniques
from domain.kit.clock import moment
from domain.kit.events import Event, register, require_upcasts, snake
from domain.kit.log import Reference, Reservation


class Aggregate(BaseAggregate[UUID]):
    """A consistency boundary with one stream of events.

    ``class Task(Aggregate, topic="work.task")`` names its streams; nested events are stored under that
    topic. Annotated attributes are its state; give each a default unless the first event sets it. ``unique``
    names attributes whose values no other stream may have; see `Unique`. With ``topic=None`` a class has no
    streams: it is what several aggregates have in common, each of which derives its own events from its.
    """

    topic: ClassVar[str]
    unique: ClassVar[tuple[Unique, ...]] = ()
    events: ClassVar[tuple[type[Event], ...]]
    appliers: ClassVar[dict[type[Event], Applier]]
    factories: ClassVar[dict[str, Callable[[], object]]]
    """The state's ``default_factory`` fields; the library makes a dataclass of annotated aggregates."""
    only: ClassVar[UUID | None] = None
    """Set it for a class of which each tenant has one, under this id, from the start: commands are given it with
    its state's defaults before its first event, which one of them records. Commands on it wait for one another."""
    always: ClassVar[bool] = False
    """Set it for a class whose streams are there from the start, whatever their ids: of several that a command
    names, those without an event are given to it with their state's defaults, and it records their first."""
    class_version: ClassVar[int] = 1
    """Raise it when the state changes shape, and add ``upcast_v1_v2(state: dict) -> None``, which turns the
    state of an old snapshot (plain JSON values) into the new one in place."""
    oldest_snapshot: ClassVar[int] = 1
    """Snapshots of earlier versions lack what the state needs: the events are folded instead."""
    snapshot_every: ClassVar[int] = 200
    """How many events may follow the last snapshot before another is taken."""

    def __init_subclass__(cls, *, topic: str | None, unique: tuple[str | Unique, ...] = ()) -> None:
        # The library would subclass every nested event again to give it a base of the aggregate's own;
        # naming ours as that base keeps `Task.Created` the class that stands in the source.
        type.__setattr__(cls, "Event", Event)
        require_upcasts(cls, cls.class_version, oldest=cls.oldest_snapshot)
        super().__init_subclass__()
        if topic is None:
            return
        cls.topic = topic
        cls.events = tuple(
            member
            for member in vars(cls).values()
            if isinstance(member, type) and issubclass(member, Event) and member is not Event
        )
        cls.appliers = appliers(cls, cls.events)
        cls.unique = uniques(cls, topic, unique)
        register_topic(topic, cls)
        declared = getattr(cls, "__dataclass_fields__", {}).values()
        cls.factories = {
            field.name: field.default_factory
            for field in declared
            if field.default_factory is not dataclasses.MISSING
        }
        for event in cls.events:
            event.aggregate = cls
            event.stored_as = event.__dict__.get("stored_as") or f"{topic}.{snake(event.__name__)}"
            register(event)

    def __base_init__(self, originator_id: UUID, originator_version: int, timestamp: datetime) -> None:
        super().__base_init__(originator_id, originator_version, timestamp)
        self._reserves: list[Reservation] = []
        self._releases: list[Reservation] = []
        self._references: list[Reference] = []
        self._held: tuple[tuple[str, ...], ...] | None = None
        """What its `unique` attributes held in the log before the events that are pending, if any are."""
        self.ended = False
        """Whether an ending event was applied."""

    @classmethod
    def blank(cls, originator_id: UUID, originator_version: int, timestamp: datetime) -> Self:
        """An aggregate with its state's defaults, before its first event is applied."""
        aggregate = cls.__new__(cls)
        aggregate.__base_init__(originator_id, originator_version, timestamp)
        for name, factory in cls.factories.items():
            setattr(aggregate, name, factory())
        return aggregate

    @classmethod
    def begin(cls, id: UUID, event: Event) -> Self:
        """A new aggregate whose first event this is."""
        stamped = event.stamped(id, cls.INITIAL_VERSION, moment())
        aggregate: Self = stamped.mutate(None)
        aggregate.pending_events.append(stamped)
        aggregate._held = ((),) * len(cls.unique)
        return aggregate

    def record(self, event: Event) -> None:
        """Apply an event and keep it to be appended."""
        if self.unique and self._held is None:
            self._held = tuple([unique.values(self) for unique in self.unique])
        stamped = event.stamped(self.id, self.version + 1, moment())
        stamped.mutate(self)
        self.pending_events.append(stamped)

    def reserve(
        self, name: str, value: str, *, field: str, everywhere: bool = False, personal: bool = False
    ) -> None:
        """Ask for a value no other stream may hold, such as an e-mail; the append refuses it when taken.

        ``field`` names the command's field that a refusal points at; ``everywhere`` means over all tenants. Of
        a ``personal`` value, plain or sealed, only the fingerprint under ``name`` is stored.
        """
        self._reserves.append(Reservation(name, value, self.id, field, everywhere, personal))

    def release(self, name: str, value: str, *, everywhere: bool = False, personal: bool = False) -> None:
        """Give a reserved value back with the same append, named as it was reserved."""
        self._releases.append(Reservation(name, value, self.id, "", everywhere, personal))

    def refer(self, topic: str, id: UUID, *, field: str) -> None:
        """Have the append check that this id names a living stream of the topic in the same tenant."""
        self._references.append(Reference(field, topic, id))

    def require_present(self, *, field: str) -> None:
        """Raise a refusal about this field when nobody may name it again, though its stream has not ended; see
        `domain.kit.fields.References`."""

    def decided(self) -> list[Event]:
        """The events recorded since they were last collected."""
        return [event for event in self.collect_events() if isinstance(event, Event)]

    def collect_claims(self) -> Claims:
        """What the append has to reserve, release and check; asking twice gives nothing the second time."""
        if self._held is not None:
            self._claim(self._held)
            self._held = None
        if not (self._reserves or self._releases or self._references):
            return NO_CLAIMS
        claims = Claims(tuple(self._reserves), tuple(self._releases), tuple(self._references))
        self._reserves, self._releases, self._references = [], [], []
        return claims

    def _claim(self, held: tuple[tuple[str, ...], ...]) -> None:
        """Reserve and release what changed over all pending events: what came and went between them is nothing."""
        for unique, before in zip(self.unique, held, strict=True):
            after = () if self.ended else unique.values(self)
            how = {"everywhere": unique.everywhere, "personal": unique.personal}
            for value in before:
                if value not in after:
                    self.release(unique.stored_as, value, **how)
            for value in after:
                if value not in before:
                    self.reserve(unique.stored_as, value, field=unique.field, **how)
