"""One process at work while its lease is held: reads the log, fires timers, carries out what it requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

import msgspec

from app.processes.effect_attempts import EffectAttempts, Notice
from app.processes.effect_handler import EffectHandler
from app.processes.lease import Lease
from app.processes.reactions import Reactions
from app.processes.shared_reactions import Loaded, SharedReactions
from app.processes.store import ProcessStore
from app.processes.unit_of_work import Cause, Key, UnitOfWork
from app.storage.database import Lent, Pool
from domain.kit.bus.bus import Bus
from domain.kit.clock import Clock
from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.process.process import Process
from projections.kit.background import end
from projections.kit.backoff import Backoff
from projections.kit.follow.pages import LogEntry, LogSource, Passing, fresh
from projections.kit.store.store import LeaseLost

_logger = logging.getLogger(__name__)

_PAGE = 100
"""Timers fired in one transaction at the most."""
_FORGOTTEN = 1_000
"""Rows deleted in one transaction at the most."""
_FORGETS = 600.0
"""Seconds between two times that what has ended long ago is deleted."""

_Wanted: TypeAlias = tuple[Cause, Event | None, Envelope]
"""What an event is to the process, the event where it can be read, and its envelope."""


class ProcessWorker:
    """Runs a process until cancelled or stopped, or until the lease is lost."""

    def __init__(
        self,
        process: Process[Any],
        lease: Lease,
        *,
        pool: Pool,
        pages: LogSource,
        read: Callable[[int], Awaitable[Envelope]],
        bus: Bus,
        clock: Clock,
        notice: Notice,
        poll: float,
        slots: int,
        shared: SharedReactions | None = None,
    ) -> None:
        """``read`` reads the event at a position; at most ``slots`` effects are under way at once. Processes of
        one worker may have their reactions ``shared``."""
        self._process = process
        self._store = ProcessStore(pool, process, lease, shared)
        self._pages = pages
        self._passing = Passing(process.reactions, self._passed)
        self._read = read
        self._clock = clock
        self._notice = notice
        self._poll = poll
        self._slots = process.slots or slots
        performer = EffectHandler(process, bus)
        self._reactions = Reactions(process, performer)
        self._trials = EffectAttempts(
            process,
            self._store,
            performer,
            self._reactions,
            event=self._event,
            clock=clock,
            notice=notice,
            poll=poll,
        )
        self.lease = lease
        self.position = lease.position
        """What is to be done for the events up to here is on record."""
        self.saved = lease.position
        """The position that is on record itself; `ProcessProgress` moves it over events not reacted to."""
        self._seen: tuple[int, datetime] | None = None
        self._woken = asyncio.Event()
        self._woken.set()
        self._stopping = False
        self._failing: set[str] = set()
        """What is tried again; the lane's error stays on record until all of it works."""
        self._trying: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Take nothing new on; `run` ends when what is under way has ended."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Look for what is to be done."""
        self._woken.set()

    async def run(self) -> None:
        """Work. Raises LeaseLost when another worker has the lease; whatever else fails is tried again."""
        following = asyncio.create_task(self._forever(self._follow), name=f"{self._process.name} follows")
        working = asyncio.create_task(self._forever(self._work), name=f"{self._process.name} works")
        forgetting = asyncio.create_task(
            self._forever(self._forget, pause=_FORGETS), name=f"{self._process.name} forgets"
        )
        tasks: list[asyncio.Task[None]] = [following, working]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            following.cancel()
            forgetting.cancel()
            for task in done:
                task.result()
            if self._trying:
                await asyncio.wait(self._trying)
        finally:
            await end(*tasks, forgetting, *self._trying)

    async def _forever(self, work: Callable[[], Awaitable[None]], *, pause: float = 0) -> None:
        attempts = 0
        while not self._stopping:
            try:
                await work()
                if attempts:
                    self._failing.discard(work.__name__)
                    if not self._failing:
                        await self._store.fail(None)
                attempts = 0
                await asyncio.sleep(pause)
            except LeaseLost:
                raise
            except Exception as error:
                attempts += 1
                self._failing.add(work.__name__)
                if attempts in (1, 6):
                    _logger.warning("%s cannot continue for now.", self._process.name, exc_info=error)
                await self._say(error)
                await asyncio.sleep(Backoff(self._poll, 30).pause(attempts))

    async def _forget(self) -> None:
        """Delete what has ended long ago, where the process says how long that is kept."""
        if self._process.kept is not None:
            while await self._store.forget(self._clock.now() - self._process.kept, _FORGOTTEN) == _FORGOTTEN:
                pass

    async def _say(self, error: Exception) -> None:
        try:
            await self._store.fail(type(error).__name__)
        except LeaseLost:
            raise
        except Exception:
            # The database itself is what fails, most likely.
            _logger.debug("%s cannot report its failure.", self._process.name, exc_info=True)

    async def _follow(self) -> None:
        read = await self._pages.after(self.position, wait=self._poll, passing=self._passing)
        entries = fresh(self.position, read)
        if not entries:
            return
        events = [found for entry in entries if (found := self._wanted(entry)) is not None]
        position, due = entries[-1].envelope.position, False
        if events:
            changes = await self._store.react(
                {origin.key for origin, _, _ in events},
                partial(self._reacted, events),
                after=self.position,
                until=position,
            )
            if not changes.empty:
                self.saved = position
            # Timers that are due wait until the log is read.
            due = self._seen is not None or changes.due
        self.position = position
        if events:
            self._notice("reacted", self._process.name)
            if due:
                self.wake()

    def _reacted(self, events: Sequence[_Wanted], loaded: Loaded) -> UnitOfWork:
        states, blocked = loaded
        changes = UnitOfWork(self._process, self._clock.now(), states)
        self._reactions.to_events(changes, events, blocked)
        return changes

    def _passed(self, position: int, count: int) -> None:
        self.position = position

    def _wanted(self, entry: LogEntry) -> _Wanted | None:
        envelope = entry.envelope
        reaction = self._process.reactions.get(envelope.type)
        if reaction is None or _was_moved(envelope):
            return None
        event: Event | None = None
        try:
            event = self._pages.event(entry)
            instance = self._process.instance_of(event, envelope)
        except (LookupError, ValueError):
            # Without the event only its stream is known, so others than that stream's must wait for it too.
            if reaction.by != "originator_id":
                raise
            instance = str(envelope.originator_id)
        if instance is None:
            return None
        origin = Cause(
            tenant_id=envelope.tenant_id,
            instance=instance,
            cause=envelope.event_id,
            event_id=envelope.event_id,
            position=envelope.position,
            correlation_id=envelope.correlation_id,
        )
        return origin, event, envelope

    async def _event(self, position: int) -> tuple[Event, Envelope]:
        envelope = await self._read(position)
        return self._pages.event(LogEntry(envelope)), envelope

    async def _work(self) -> None:
        await self._woken.wait()
        self._woken.clear()
        again = True
        try:
            now = self._clock.now()
            again = await self._store.waiting(now) and (await self._fire(now) | await self._claim(now))
        finally:
            if again:
                self.wake()

    async def _fire(self, now: datetime) -> bool:
        """Fire what is due once the log is read as far as it went at that time: what happened while nobody was
        at work may have cancelled it. Answers whether to look again at once."""
        if self._seen is None:
            self._seen = await self._store.head(self.position), now
        head, until = self._seen
        if self.position < head:
            return False
        self._seen = None
        async with self._store.transaction() as connection:
            timers = await self._store.due(connection, until, _PAGE)
            if not timers:
                # Something may have become due since.
                return until < now
            changes = await self._changes(connection, {timer.origin.key for timer in timers})
            self._reactions.to_timers(changes, timers)
            await self._store.save(connection, changes)
        self._notice("fired", self._process.name)
        return True

    async def _claim(self, now: datetime) -> bool:
        free = self._slots - len(self._trying)
        if free <= 0:
            return False
        async with self._store.transaction() as connection:
            claimed = await self._store.claim(connection, now, free)
            states = await self._store.states(connection, {effect.origin.key for effect in claimed})
        for effect in claimed:
            self._notice("claimed", effect.key)
            trial = self._trials.carry_out(effect, states.get(effect.origin.key))
            task = asyncio.create_task(trial, name=effect.key)
            self._trying.add(task)
            task.add_done_callback(self._tried)
        return len(claimed) == free

    def _tried(self, task: "asyncio.Task[None]") -> None:
        self._trying.discard(task)
        self._woken.set()

    async def _changes(self, connection: Lent, keys: set[Key]) -> UnitOfWork:
        return UnitOfWork(self._process, self._clock.now(), await self._store.states(connection, keys))


def _was_moved(envelope: Envelope) -> bool:
    """Whether the event was copied from another log, where processes have reacted to it."""
    metadata = envelope.metadata
    return (b'"moved"' in metadata if isinstance(metadata, bytes) else '"moved"' in metadata) and (
        msgspec.json.decode(metadata, type=_Moved).moved is not None
    )


class _Moved(msgspec.Struct):
    moved: int | None = None
