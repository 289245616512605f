"""The reactions of one process: to pages of the log, to timers, to outcomes, and again to those that failed."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from app.processes.effect_handler import EffectHandler
from app.processes.store import Claimed
from app.processes.unit_of_work import Cause, Key, LedgerEntry, Timer, UnitOfWork
from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.process.effects import Done, Failed, Fired, Policy, Then, key_of
from domain.kit.process.process import Process

_logger = logging.getLogger(__name__)

POLICY = Policy()
"""How a reaction that raises is tried."""

# The states of processes differ in type.
Reaction = Callable[[Any], Then[Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an effect or command, as it is stored when the reaction to it failed."""

    kind: str
    name: str
    wish: msgspec.Raw
    at: datetime
    # Any JSON.
    result: Any = None
    error: str | None = None
    certain: bool = False
    discarded: bool = False


class Reactions:
    """Runs a process's reactions into `UnitOfWork`. No I/O."""

    def __init__(self, process: Process[Any], performer: EffectHandler) -> None:
        self._process = process
        self._performer = performer

    def to_events(
        self, changes: UnitOfWork, events: Iterable[tuple[Cause, Event | None, Envelope]], blocked: set[Key]
    ) -> None:
        """React to events in order. An event that cannot be reacted to, and all later ones of its instance,
        become entries of the ledger; None stands for one that cannot be read."""
        for origin, event, envelope in events:
            entry = LedgerEntry(
                origin=origin,
                key="event",
                kind="event",
                name=envelope.type,
                payload=b"{}",
                next_at=changes.now,
            )
            reaction = self._unreadable if event is None else self.to_event(event, envelope)
            self._try(changes, entry, reaction, blocked)

    def to_timers(self, changes: UnitOfWork, timers: Iterable[Timer]) -> None:
        """Fire timers, unless an earlier one of the same instance has changed its mind about them."""
        blocked: set[Key] = set()
        for timer in timers:
            key = timer.origin.key
            if key in changes.ended or (key, timer.name) in changes.timers:
                continue
            fired = Fired(
                timer=timer.name, instance=timer.origin.instance, due_at=timer.due_at, at=changes.now
            )
            entry = LedgerEntry(
                origin=timer.origin,
                key="fired",
                kind="timer",
                name=timer.name,
                payload=msgspec.json.encode(fired),
                next_at=changes.now,
            )
            place = len(changes.entries)
            if self._try(changes, entry, partial(self._fire, fired), blocked):
                entry.status, entry.attempts = "done", 1
                # Before what it caused.
                changes.entries.insert(place, entry)

    def to_outcome(self, changes: UnitOfWork, claimed: Claimed, outcome: Outcome) -> None:
        """React to what came of an effect or command."""
        sort = "discarded" if outcome.discarded else "failed" if outcome.error is not None else "done"
        origin = claimed.origin
        cause = key_of(origin.tenant_id, self._process.name, origin.cause, f"{claimed.key}/{sort}")
        entry = LedgerEntry(
            origin=Cause(
                tenant_id=origin.tenant_id,
                instance=origin.instance,
                cause=cause,
                event_id=origin.event_id,
                position=origin.position,
                correlation_id=origin.correlation_id,
            ),
            key=sort,
            kind="outcome",
            name=claimed.name,
            payload=msgspec.json.encode(outcome),
            next_at=changes.now,
        )
        self._try(changes, entry, partial(self._hear, outcome), set())

    def to_event(self, event: Event, envelope: Envelope) -> Reaction:
        """The reaction to an event."""
        return lambda state: self._process.react(state, event, envelope)

    def again(self, claimed: Claimed) -> Reaction:
        """The reaction to a timer or outcome that is in the ledger."""
        if claimed.kind == "timer":
            return partial(self._fire, msgspec.json.decode(claimed.payload, type=Fired))
        return partial(self._hear, msgspec.json.decode(claimed.payload, type=Outcome))

    def _try(self, changes: UnitOfWork, entry: LedgerEntry, reaction: Reaction, blocked: set[Key]) -> bool:
        if entry.origin.key not in blocked:
            try:
                changes.react(entry.origin, reaction)
                return True
            except Exception as error:
                _logger.exception("%s cannot react to %s.", self._process.name, entry.name)
                entry.attempts, entry.error = 1, type(error).__name__
                entry.next_at = changes.now + timedelta(seconds=POLICY.pause)
                blocked.add(entry.origin.key)
        changes.entries.append(entry)
        return False

    def _fire(self, fired: Fired, state: Any) -> Then[Any]:
        return self._process.fire(state, fired)

    def _hear(self, outcome: Outcome, state: Any) -> Then[Any] | None:
        action = self._performer.read(outcome.kind, outcome.name, bytes(outcome.wish))
        if outcome.error is None:
            return self._process.hear(state, Done(action=action, at=outcome.at, result=outcome.result))
        failed = Failed(
            action=action,
            at=outcome.at,
            error=outcome.error,
            certain=outcome.certain,
            discarded=outcome.discarded,
        )
        return self._process.hear(state, failed)

    @staticmethod
    def _unreadable(state: Any) -> Then[Any]:
        raise ValueError("The event cannot be read.")
