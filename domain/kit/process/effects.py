"""What a process asks for when something happens, and what comes of it: effects, commands, timers, outcomes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform
from uuid import UUID, uuid5

from domain.kit.commands import Command
from domain.kit.events import snake
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal

State = TypeVar("State")
Kind = TypeVar("Kind", bound="Effect | Command")

_NAMESPACE = UUID("5c9f2f0e-8d0b-5a52-9f6e-6d7f3f1c0a11")
_LONGEST_PAUSE = 3600.0
"""Seconds between two attempts at the most, however many there were, where the pauses double."""
LONGEST_SCHEDULED = 36_000.0
"""Seconds between two attempts at the most, where a schedule says the pauses."""


def key_of(tenant_id: UUID, process: str, cause: UUID, key: str) -> UUID:
    """The one id of what a process asked for: the idempotency key for the outside, and the command id.

    ``cause`` is the event (or timer, or outcome) that was reacted to, ``key`` the effect's own within it.
    """
    return uuid5(_NAMESPACE, f"{tenant_id}/{process}/{cause}/{key}")


@dataclass(frozen=True, slots=True)
class Policy:
    """How often an effect is tried, how long a try may take, and the first pause; later ones double."""

    attempts: int = 3
    timeout: float = 30.0
    """Seconds after which a try is cut off. Whether it happened is unknown then."""
    pause: float = 1.0
    """Seconds before the second try."""
    schedule: tuple[float, ...] = ()
    """Seconds before each try, the first of them included, in place of doubled pauses. Up to a tenth more is added
    at random, so that not all of it comes back at the same moment."""

    def pause_after(self, attempts: int) -> float:
        """Seconds to wait after so many tries, from 1."""
        if self.schedule:
            return min(self.schedule[min(attempts, len(self.schedule) - 1)], LONGEST_SCHEDULED)
        return min(self.pause * 2.0 ** min(attempts - 1, 30), _LONGEST_PAUSE)


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclass(frozen=True, kw_only=True)
class Effect:
    """Something to be done outside: its fields are stored until it is done.

    ``class Remind(Effect, attempts=5, timeout=10)``, with `@performs(Remind)` on the method that does it.
    ``schedule=(0, 5, 300)`` names the pause before each try, in place of ``attempts`` and ``pause``.
    ``transactional=True`` is for effects in Headwater's own Postgres: they are done in the transaction that
    marks them as done (`Call.transaction`), so they happen exactly once without anyone's help.
    """

    stored_as: ClassVar[str]
    """A contract, within its process: pending effects are stored under it. The class's name in snake case, unless
    the class says otherwise because it was renamed."""
    policy: ClassVar[Policy] = Policy()
    transactional: ClassVar[bool] = False

    def __init_subclass__(
        cls,
        *,
        attempts: int = 3,
        timeout: float = 30.0,
        pause: float = 1.0,
        schedule: tuple[float, ...] = (),
        transactional: bool = False,
    ) -> None:
        dataclass(frozen=True, kw_only=True)(cls)
        cls.stored_as = cls.__dict__.get("stored_as") or snake(cls.__name__)
        cls.policy = Policy(len(schedule) or attempts, timeout, pause, schedule)
        cls.transactional = transactional

    @property
    def key(self) -> str:
        """Its name among what one reaction asks for; a second one of the same key gets a number."""
        return self.stored_as

    @property
    def instance(self) -> str | None:
        """The instance that it is done for, which hears what came of it; None: the one that asks for it.

        Effects of one instance are done one after the other, those of others beside them.
        """
        return None


@dataclass(frozen=True, slots=True)
class Send:
    """A command to send, as the system, caused by the event. Sent again, it is known by its id.

    A refusal is final: `@when_failed(TheCommand)` hears of it, or it is parked.
    """

    command: Command


@dataclass(frozen=True, slots=True)
class Schedule:
    """A timer of this instance, in place of one of the same name. A moment that has passed is due at once."""

    timer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take a timer back; nothing happens when there is none."""

    timer: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take back the effects or commands of a kind that this instance has asked for and that are not done.

    One that is being tried at the moment may still happen.
    """

    kind: type[Effect] | type[Command]


Action = Effect | Send | Schedule | Cancel | Withdraw


@dataclass(frozen=True, slots=True, init=False)
class Then(Generic[State]):
    """What a reaction answers: the new state, and what is to be done, in order.

    Without a state (None) the instance ends: its timers go, what it asked for is still done.
    """

    state: State | None
    actions: tuple[Action, ...]

    def __init__(self, state: State | None, *actions: Action) -> None:
        object.__setattr__(self, "state", state)
        object.__setattr__(self, "actions", actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A timer was due. ``at`` is when it fired: later than ``due_at`` when nobody was at work."""

    timer: str
    instance: str
    due_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[Kind]):
    """An effect or command was carried out; ``result`` is what its performer returned, as plain JSON."""

    action: Kind
    at: datetime
    # Whatever JSON the performer's answer became.
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Generic[Kind]):
    """An effect or command was given up. Unless ``certain``, it may have happened all the same."""

    action: Kind
    at: datetime
    error: str
    certain: bool
    discarded: bool = False
    """Whether an operator gave it up."""


class EffectRefused(Exception):
    """Raised by a performer: this did not happen, and trying again is of no use. The text is kept."""


class EffectFailed(Exception):
    """Raised by a performer: this try came to nothing. The text is kept, so it must quote nothing personal.

    ``after``: seconds to wait at least, if that is longer than the policy says, and ten hours at most.
    ``note`` is kept until the next try, which finds it as `Call.note`, or as the result, if this was the last one.
    """

    def __init__(self, text: str, *, after: float = 0, note: object = None) -> None:
        super().__init__(text)
        self.after, self.note = after, note


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[State]):
    """What a performer knows about the try at hand."""

    key: UUID
    """The same at every try of the same effect and no other: give it to the outside as idempotency key."""
    tenant_id: UUID
    instance: str
    attempt: int
    """From 1."""
    event_id: UUID
    """The event that it all began with."""
    correlation_id: str
    state: State | None
    """The instance's state as it stood when the try began."""
    send: Callable[[Command], Awaitable[AppendReceipt | Refusal]]
    """Sends commands as the system; the n-th of an effect has the same command id at every try."""
    # Whatever JSON the last try left.
    note: Any = None
    """What the last try that failed has noted (`EffectFailed`)."""
    transaction: object = None
    """Of a transactional effect: what its port's adapter needs to take part in the transaction."""
