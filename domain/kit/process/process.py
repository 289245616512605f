"""Processes: what happens by itself when something has happened, over hours or days, each effect once.

    class DueDateReminder(Process[Reminder], name="work.due_date_reminder", version=1):
        \"\"\"Reminds whoever is to do a task, before it is due.\"\"\"

        class Remind(Effect, attempts=5, timeout=10):
            person: UUID

        @on(Task.Assigned)
        def assigned(self, state: Reminder | None, event: Task.Assigned) -> Then[Reminder]:
            return Then(Reminder(event.assigned_to), Schedule("remind", event.timestamp + DAY))

        @when_due("remind")
        def due(self, state: Reminder | None, fired: Fired) -> Then[Reminder]:
            return Then(None, self.Remind(person=state.person))

        @performs(Remind)
        async def remind(self, effect: Remind, call: Call[Reminder]) -> None:
            await self.mail.send(effect.person, key=call.key)

A reaction is pure, like a view's fold: no clock, no I/O, no randomness; it answers the new state and what it
asks for. Only performers do I/O, through ports given to the constructor. One instance of a process has one
state: the one of the event's stream, or of what ``by`` finds, as in views.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

import msgspec

from domain.kit.commands import Command
from domain.kit.events import Event, require_upcasts
from domain.kit.log import Envelope
from domain.kit.process.effects import Call, Done, Effect, Failed, Fired, Policy, Then

State = TypeVar("State")
F = TypeVar("F", bound=Callable[..., Any])

By = str | Callable[[Any, Envelope], Any]
"""Which instance an event is for. A name: that field of the event (``originator_id``, the stream, by default).
A function of event and envelope: anything that makes a text. None: no instance."""

Kind = type[Effect] | type[Command]


@dataclass(frozen=True, slots=True)
class ReactionMark:
    """What a decorator wrote on a method: to which things it is the answer."""

    sort: str
    to: tuple[Any, ...]
    by: By = "originator_id"


def on(*events: type[Event], by: By = "originator_id") -> Callable[[F], F]:
    """Mark the reaction to these events: ``(state, event) -> Then``; it may name ``envelope`` besides."""
    return _marking(ReactionMark("event", events, by))


def when_due(*timers: str) -> Callable[[F], F]:
    """Mark the reaction to these timers: ``(state, fired: Fired) -> Then``."""
    return _marking(ReactionMark("timer", timers))


def when_done(*kinds: Kind) -> Callable[[F], F]:
    """Mark the reaction to effects or commands that were carried out: ``(state, done: Done) -> Then``."""
    return _marking(ReactionMark("done", kinds))


def when_failed(*kinds: Kind) -> Callable[[F], F]:
    """Mark the reaction to those that were given up: ``(state, failed: Failed) -> Then``.

    Without it such an effect is parked: it waits for an operator, and the instance's later ones with it.
    """
    return _marking(ReactionMark("failed", kinds))


def when_discarded(*kinds: Kind) -> Callable[[F], F]:
    """Mark the reaction to parked ones that an operator discarded: ``(state, failed: Failed) -> Then``."""
    return _marking(ReactionMark("discarded", kinds))


def performs(*effects: type[Effect]) -> Callable[[F], F]:
    """Mark the method that does these effects: ``async (effect, call: Call) -> result``.

    It may be called again for the same effect, after a failure or a kill, with the same ``call.key``. What it
    returns is stored as JSON and given to `when_done`.
    """
    return _marking(ReactionMark("perform", effects))


def _marking(marked: ReactionMark) -> Callable[[F], F]:
    def mark(method: F) -> F:
        method.__dict__["answers"] = marked
        return method

    return mark


@dataclass(frozen=True, slots=True)
class Reaction:
    """The name of the method that reacts to an event, which instance it is for, and what the method asks for."""

    method: str
    by: By
    wants_envelope: bool = False


@dataclass(frozen=True, slots=True)
class Stateless:
    """The state of a process that remembers nothing: each event leads to effects of its own."""


class Process(Generic[State]):
    """Base of all processes. Its instances are made by the composition root, which gives them their ports."""

    name: ClassVar[str]
    """Stored: state, timers and ledger are filed under it."""
    version: ClassVar[int]
    """Raise it when the state changes shape, and add ``upcast_v1_v2(state: dict) -> None``, a static method that
    turns the old state (plain JSON values) into the new one in place."""
    # The state's type; generic ones such as `Progress[Order]` are no classes, hence Any.
    state: ClassVar[Any]
    reactions: ClassVar[dict[str, Reaction]]
    """The reactions by stored event type."""
    methods: ClassVar[dict[tuple[str, Any], str]]
    """The other methods by what they answer, such as ``("timer", name)`` or ``("done", Effect)``."""
    effects: ClassVar[dict[str, type[Effect]]]
    slots: ClassVar[int | None] = None
    """How many effects may be under way at once; None: as many as whoever runs it says."""
    slots_each: ClassVar[int | None] = None
    """How many of these for one queue: all instances of a tenant whose names begin alike, up to the first slash.
    Queues take turns then, in the turns of their tenants."""
    kept: ClassVar[timedelta | None] = None
    """For how long the ledger keeps what has ended; None: for ever."""

    def __init_subclass__(cls, *, name: str = "", version: int = 1) -> None:
        super().__init_subclass__()
        if not name:
            return
        cls.name, cls.version = name, version
        require_upcasts(cls, version)
        bases = cls.__orig_bases__  # type: ignore[attr-defined]
        given = next(get_args(base)[0] for base in bases if issubclass(get_origin(base) or object, Process))
        cls.state = cls.stored_state(given)
        cls.reactions, cls.methods, cls.effects = {}, {}, {}
        for method, marked in _marked(cls):
            for trigger in marked.to:
                cls._answer(method, marked, trigger)
        cls._follow_endings()
        for lost in _effects(cls) - _performed(cls):
            raise TypeError(f"{cls.__name__} has no method that performs {lost.__name__}.")

    @classmethod
    def stored_state(cls, given: Any) -> Any:
        """The type that is stored for ``Process[given]``. Raises TypeError unless it is a dataclass."""
        if not is_dataclass(given):
            raise TypeError(f"The state of {cls.__name__} is not a dataclass.")
        return given

    @classmethod
    def _answer(cls, method: str, marked: ReactionMark, trigger: Any) -> None:
        known: str | None
        if marked.sort == "event":
            known_fields = {"originator_id", *(field.name for field in fields(trigger))}
            if isinstance(marked.by, str) and marked.by not in known_fields:
                raise TypeError(f"{trigger.stored_as} has no field {marked.by!r} to find an instance by.")
            wants = "envelope" in inspect.signature(getattr(cls, method)).parameters
            found = cls.reactions.setdefault(trigger.stored_as, Reaction(method, marked.by, wants))
            known, what = found.method, trigger.stored_as
        else:
            known, what = cls.methods.setdefault((marked.sort, trigger), method), str(trigger)
            effect = trigger if isinstance(trigger, type) and issubclass(trigger, Effect) else None
            if effect is not None and cls.effects.setdefault(effect.stored_as, effect) is not effect:
                raise TypeError(f"Two effects of {cls.__name__} are stored as {effect.stored_as!r}.")
        if known != method:
            raise TypeError(f"{cls.__name__} answers {what} twice: in {known} and {method}.")

    @classmethod
    def _follow_endings(cls) -> None:
        """When a stream ends, so does the instance that goes by its id, if nothing else was declared."""
        own = {stored for stored, reaction in cls.reactions.items() if reaction.by == "originator_id"}
        aggregates = {
            kind.aggregate for kind in _events(cls) if kind.stored_as in own and hasattr(kind, "aggregate")
        }
        for event in (event for aggregate in aggregates for event in aggregate.events if event.ends):
            cls.reactions.setdefault(event.stored_as, Reaction("stream_ended", "originator_id"))

    def stream_ended(self, state: State | None, event: Event) -> Then[State]:
        """The stream that the instance goes by has ended. The instance ends too, unless this is overridden."""
        return Then(None)

    def policy_of(self, effect: Effect) -> Policy:
        """How this effect is tried; what its class declares."""
        return effect.policy

    def instance_of(self, event: Event, envelope: Envelope) -> str | None:
        """The instance that an event is for; None when it is for none."""
        reaction = self.reactions.get(envelope.type)
        if reaction is None:
            return None
        by = reaction.by
        found = by(event, envelope) if callable(by) else getattr(event, by)
        return None if found is None else str(found)

    def react(self, state: State | None, event: Event, envelope: Envelope | None = None) -> Then[State]:
        """The answer to an event. Pure; LookupError when the process does not react to it."""
        reaction = self.reactions[event.stored_as]
        method = getattr(self, reaction.method)
        return _then(
            method,
            method(state, event, envelope=envelope) if reaction.wants_envelope else method(state, event),
        )

    def fire(self, state: State | None, fired: Fired) -> Then[State]:
        """The answer to a timer. Pure; LookupError when no method is marked for it."""
        return self._call(("timer", fired.timer), state, fired)

    def hear(self, state: State | None, outcome: Done[Any] | Failed[Any]) -> Then[State] | None:
        """The answer to an outcome; None when no method is marked for it. Pure."""
        sort = "done" if isinstance(outcome, Done) else "discarded" if outcome.discarded else "failed"
        key = (sort, type(outcome.action))
        return self._call(key, state, outcome) if key in self.methods else None

    def hears_failure(self, kind: Kind) -> bool:
        """Whether a method is marked for the failure of this kind; it is parked otherwise."""
        return ("failed", kind) in self.methods

    async def perform(self, effect: Effect, call: Call[State]) -> object:
        """Do the effect, once; raise whatever its performer raises."""
        return await getattr(self, self.methods["perform", type(effect)])(effect, call)

    def _call(self, key: tuple[str, Any], state: State | None, stimulus: object) -> Then[State]:
        method = getattr(self, self.methods[key])
        return _then(method, method(state, stimulus))

    @classmethod
    def keep(cls, state: State) -> bytes:
        """The state as JSON."""
        return msgspec.json.encode(state)

    @classmethod
    def restore(cls, version: int, stored: str | bytes) -> State:
        """The state that was stored by this version or an older one. ValueError for a newer or a bad one."""
        if version > cls.version:
            raise ValueError(
                f"{cls.name} holds state of version {version}; this code knows up to {cls.version}."
            )
        plain: dict[str, Any] = msgspec.json.decode(stored)
        for old in range(version, cls.version):
            getattr(cls, f"upcast_v{old}_v{old + 1}")(plain)
        restored: State = msgspec.convert(plain, cls.state)
        return restored


def _then(method: Callable[..., Any], answer: Any) -> Then[Any]:
    if not isinstance(answer, Then):
        raise TypeError(f"{method.__qualname__} must answer with Then(...), not {type(answer).__name__}.")
    return answer


def _marked(cls: type) -> Iterator[tuple[str, ReactionMark]]:
    for name in dir(cls):
        marked = getattr(inspect.getattr_static(cls, name), "answers", None)
        if isinstance(marked, ReactionMark):
            yield name, marked


def _events(cls: type) -> Iterator[type[Event]]:
    return (event for _, marked in _marked(cls) if marked.sort == "event" for event in marked.to)


def _effects(cls: type) -> frozenset[Any]:
    marked = (
        kind for _, marked in _marked(cls) if marked.sort not in ("event", "timer") for kind in marked.to
    )
    kinds = (*vars(cls).values(), *marked)
    return frozenset(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Effect))


def _performed(cls: type) -> frozenset[Any]:
    return frozenset(effect for _, marked in _marked(cls) if marked.sort == "perform" for effect in marked.to)
