"""What reactions change, gathered in memory until one transaction writes all of it. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.commands import Command
from domain.kit.process.effects import Action, Cancel, Effect, Schedule, Send, Then, Withdraw, key_of
from domain.kit.process.process import Process

Key = tuple[UUID, str]
"""An instance: its tenant and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a reaction is about. ``event_id``, ``position`` and ``correlation_id`` are those of the event that it
    all began with; ``cause`` is the event itself, or the timer or outcome that came of it."""

    tenant_id: UUID
    instance: str
    cause: UUID
    event_id: UUID
    position: int
    correlation_id: str

    @property
    def key(self) -> Key:
        return self.tenant_id, self.instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer as it is stored."""

    id: UUID
    origin: Cause
    name: str
    due_at: datetime


@dataclass(slots=True, kw_only=True)
class LedgerEntry:
    """A new row of the ledger."""

    origin: Cause
    key: str
    kind: str
    name: str
    payload: bytes
    attempts: int = 0
    next_at: datetime
    status: str = "pending"
    error: str | None = None


@dataclass(frozen=True, slots=True)
class StoredState:
    """A state as it is stored: the version that wrote it, and JSON."""

    version: int
    text: str


@dataclass(slots=True)
class UnitOfWork:
    """The outcome of some reactions of one process, over the states that were loaded for them."""

    # States differ in type between processes.
    process: Process[Any]
    now: datetime
    before: Mapping[Key, StoredState]
    states: dict[Key, Any] = field(default_factory=dict)
    """New states; None where the instance has ended."""
    ended: set[Key] = field(default_factory=set)
    """Instances whose timers from before are void."""
    timers: dict[tuple[Key, str], Timer | None] = field(default_factory=dict)
    withdrawn: set[tuple[Key, str, str]] = field(default_factory=set)
    """Instance, kind and name of effects from before that are taken back."""
    entries: list[LedgerEntry] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.states or self.ended or self.timers or self.withdrawn or self.entries)

    @property
    def due(self) -> bool:
        """Whether something is to be done at once: by itself, or because it waited for what is taken back."""
        timers = (timer for timer in self.timers.values() if timer is not None)
        return bool(self.entries or self.withdrawn) or any(timer.due_at <= self.now for timer in timers)

    def state(self, key: Key) -> Any:
        """The state as it stands after the reactions so far. ValueError for one that this code cannot read."""
        if key in self.states:
            return self.states[key]
        stored = self.before.get(key)
        return None if stored is None else self.process.restore(stored.version, stored.text)

    def react(self, origin: Cause, reaction: Callable[[Any], Then[Any] | None]) -> None:
        """Run a reaction on the instance's state and keep what comes of it; what it raises leaves no trace."""
        was = self.state(origin.key)
        then = reaction(was)
        if then is None:
            return
        # Everything that can fail comes before the first change.
        entries = self._entries(origin, then.actions)
        if then.state is not None:
            self.process.keep(then.state)
        for action in then.actions:
            if isinstance(action, Withdraw):
                self._withdraw(origin.key, action)
            elif isinstance(action, Schedule):
                id = key_of(origin.tenant_id, self.process.name, origin.cause, f"timer {action.timer}")
                self.timers[origin.key, action.timer] = Timer(
                    id=id, origin=origin, name=action.timer, due_at=action.at
                )
            elif isinstance(action, Cancel):
                self.timers[origin.key, action.timer] = None
        self.entries += entries
        if then.state is None:
            self._end(origin.key, was)
        if then.state is not was:
            self.states[origin.key] = then.state

    def _entries(self, origin: Cause, actions: tuple[Action, ...]) -> list[LedgerEntry]:
        entries: dict[str, LedgerEntry] = {}
        for action in actions:
            if isinstance(action, Schedule):
                self._require_timer(action)
            if not isinstance(action, Effect | Send):
                continue
            what: Effect | Command = action.command if isinstance(action, Send) else action
            kind, name = ("command" if isinstance(action, Send) else "effect"), what.stored_as
            if isinstance(action, Effect) and ("perform", type(action)) not in self.process.methods:
                raise LookupError(f"{self.process.name} has no method that performs {name}.")
            key = first = action.key if isinstance(action, Effect) else name
            number = 1
            while key in entries:
                number += 1
                key = f"{first} {number}"
            instance = action.instance if isinstance(action, Effect) else None
            entries[key] = LedgerEntry(
                origin=origin if instance is None else replace(origin, instance=instance),
                key=key,
                kind=kind,
                name=name,
                payload=msgspec.json.encode(what),
                next_at=self.now,
            )
        return list(entries.values())

    def _require_timer(self, action: Schedule) -> None:
        if ("timer", action.timer) not in self.process.methods:
            raise LookupError(f"{self.process.name} has no method for the timer {action.timer!r}.")
        if action.at.tzinfo is None:
            raise ValueError(f"{self.process.name} schedules {action.timer!r} without a time zone.")

    def _withdraw(self, key: Key, action: Withdraw) -> None:
        kind = "effect" if issubclass(action.kind, Effect) else "command"
        self.withdrawn.add((key, kind, action.kind.stored_as))
        for entry in self.entries:
            if (entry.origin.key, entry.kind, entry.name) == (key, kind, action.kind.stored_as):
                entry.status = "withdrawn"

    # States differ in type between processes.
    def _end(self, key: Key, was: Any) -> None:
        if was is not None:
            # Without a state it has no timers.
            self.ended.add(key)
        for timer in [timer for timer in self.timers if timer[0] == key]:
            del self.timers[timer]
