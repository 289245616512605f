"""Tries of what a process requested, and of reactions that failed; what came of each goes into the ledger."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec

from app.processes.effect_handler import EffectHandler, Tried
from app.processes.reactions import POLICY, Outcome, Reaction, Reactions
from app.processes.store import Claimed, ProcessStore
from app.processes.unit_of_work import Key, StoredState, UnitOfWork
from app.storage.database import Lent
from domain.kit.clock import Clock
from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.process.effects import LONGEST_SCHEDULED, Policy
from domain.kit.process.process import Process
from projections.kit.store.store import LeaseLost

_logger = logging.getLogger(__name__)

Notice = Callable[[str, str], None]
"""Hears what a lane does, for metrics and tests: ``reacted``, ``fired``, ``claimed``, ``performed`` or
``recorded``, and which process or effect."""


class EffectAttempts:
    """Carries out claimed rows of one process's ledger."""

    def __init__(
        self,
        process: Process[Any],
        store: ProcessStore,
        performer: EffectHandler,
        reactions: Reactions,
        *,
        event: Callable[[int], Awaitable[tuple[Event, Envelope]]],
        clock: Clock,
        notice: Notice,
        poll: float,
    ) -> None:
        """``event`` reads the event at a position; ``poll``: seconds between two tries to write."""
        self._process = process
        self._store = store
        self._performer = performer
        self._reactions = reactions
        self._event = event
        self._clock = clock
        self._notice = notice
        self._poll = poll

    async def carry_out(self, claimed: Claimed, stored: StoredState | None) -> None:
        """Try what was claimed, and write what came of it. A lost lease ends it: nothing is written then."""
        try:
            if claimed.kind in ("effect", "command"):
                await self._perform(claimed, stored)
            else:
                await self._react_again(claimed)
        except LeaseLost:
            _logger.info("%s is held by another worker now.", self._process.name)

    async def _perform(self, claimed: Claimed, stored: StoredState | None) -> None:
        if claimed.discard is not None:
            tried = Tried(error=claimed.discard)
        elif claimed.kind == "effect" and self._transactional(claimed):
            recorded = await self._perform_inside(claimed, stored)
            if recorded is None:
                return
            tried = recorded
        else:
            tried = await self._performer.perform(claimed, stored)
            self._notice("performed", claimed.key)
        await self._until_written(lambda: self._record(claimed, tried))

    def _transactional(self, claimed: Claimed) -> bool:
        effect = self._process.effects.get(claimed.name)
        return effect is not None and effect.transactional

    async def _perform_inside(self, claimed: Claimed, stored: StoredState | None) -> Tried | None:
        """Perform and record in one transaction; what is left to record when that failed."""
        policy = Policy()
        try:
            action = self._performer.read(claimed.kind, claimed.name, claimed.payload)
            policy = self._performer.policy(action)
            async with self._store.transaction(seconds=policy.timeout + 10) as connection:
                tried = await self._performer.perform(claimed, stored, transaction=connection)
                self._notice("performed", claimed.key)
                await self._write(connection, claimed, tried)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001  # It may be the effect's own; the performer logs it.
            return self._performer.failed(claimed, error, policy)
        self._notice("recorded", claimed.key)
        return None

    async def _record(self, claimed: Claimed, tried: Tried) -> None:
        async with self._store.transaction() as connection:
            await self._write(connection, claimed, tried)
        self._notice("recorded", claimed.key)

    async def _write(self, connection: Lent, claimed: Claimed, tried: Tried) -> None:
        now = self._clock.now()
        action: Any = None
        try:
            action = self._performer.read(claimed.kind, claimed.name, claimed.payload)
        except (LookupError, ValueError):
            # Not to be read by this code: it can only be tried again, or wait for an operator.
            _logger.debug("%s cannot read %s.", self._process.name, claimed.key, exc_info=True)
        policy = self._performer.policy(action)
        error = tried.error
        if error is not None and not tried.final and claimed.attempts < policy.attempts:
            later = now + timedelta(seconds=_pause(policy, claimed.attempts, tried.after))
            note = _json(tried.result)
            await self._store.finish(
                connection, claimed, "pending", now, error=error, result=note, next_at=later
            )
            return
        status = "discarded" if claimed.discard is not None else "done" if error is None else "failed"
        if status == "failed" and not (action is not None and self._process.hears_failure(type(action))):
            await self._store.finish(connection, claimed, "parked", now, error=error)
            return
        result = _json(tried.result)
        if not await self._store.finish(connection, claimed, status, now, error=error, result=result):
            return
        outcome = Outcome(
            kind=claimed.kind,
            name=claimed.name,
            wish=msgspec.Raw(claimed.payload.encode()),
            at=now,
            result=tried.result,
            error=error,
            certain=tried.certain,
            discarded=claimed.discard is not None,
        )
        changes = await self._changes(connection, {claimed.origin.key})
        self._reactions.to_outcome(changes, claimed, outcome)
        await self._store.save(connection, changes)

    async def _react_again(self, claimed: Claimed) -> None:
        try:
            reaction: Reaction | None = None
            if claimed.discard is None:
                reaction = await self._reaction(claimed)
            await self._until_written(lambda: self._react(claimed, reaction))
        except LeaseLost:
            raise
        except Exception as error:
            _logger.exception("%s still cannot react to %s.", self._process.name, claimed.name)
            tried = type(error.__cause__ or error).__name__
            await self._until_written(lambda: self._put_off(claimed, tried))

    async def _reaction(self, claimed: Claimed) -> Reaction:
        if claimed.kind != "event":
            return self._reactions.again(claimed)
        return self._reactions.to_event(*await self._event(claimed.origin.position))

    async def _react(self, claimed: Claimed, reaction: Reaction | None) -> None:
        async with self._store.transaction() as connection:
            status = "discarded" if reaction is None else "done"
            now = self._clock.now()
            if await self._store.finish(connection, claimed, status, now) and reaction is not None:
                changes = await self._changes(connection, {claimed.origin.key})
                try:
                    changes.react(claimed.origin, reaction)
                except Exception as error:
                    raise _Raised from error
                await self._store.save(connection, changes)

    async def _put_off(self, claimed: Claimed, error: str) -> None:
        now = self._clock.now()
        async with self._store.transaction() as connection:
            if claimed.attempts < POLICY.attempts:
                later = now + timedelta(seconds=POLICY.pause_after(claimed.attempts))
                await self._store.finish(connection, claimed, "pending", now, error=error, next_at=later)
            else:
                await self._store.finish(connection, claimed, "parked", now, error=error)

    async def _until_written(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write what has happened already, and so must be written, however long the database is away."""
        while True:
            try:
                await write()
                return
            except (LeaseLost, _Raised):
                raise
            except Exception:
                _logger.exception("%s cannot write; trying again.", self._process.name)
                await asyncio.sleep(self._poll)

    async def _changes(self, connection: Lent, keys: set[Key]) -> UnitOfWork:
        return UnitOfWork(self._process, self._clock.now(), await self._store.states(connection, keys))


def _pause(policy: Policy, attempts: int, after: float) -> float:
    pause = policy.pause_after(attempts)
    if policy.schedule:
        pause *= random.uniform(1, 1.1)
    return max(pause, min(after, LONGEST_SCHEDULED))


# Any JSON.
def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


class _Raised(Exception):
    """A reaction raised; its cause says what."""
