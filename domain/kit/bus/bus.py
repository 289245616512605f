"""The command bus: checks a command, loads what it needs, lets it decide, appends what was decided."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.bus.appends import AppendBuilder
from domain.kit.bus.checks import check
from domain.kit.bus.decisions import NotLoaded, decide
from domain.kit.bus.drafts import drawn
from domain.kit.bus.found import FoundStreams, find, look_for, present, tried
from domain.kit.bus.repository import Repository
from domain.kit.bus.requests import Request, SentTogether, raise_unless_conflict, require_version
from domain.kit.bus.together import RefusedTogether, Together
from domain.kit.caller import Caller
from domain.kit.clock import Clock, Ids, at
from domain.kit.codec import Codec
from domain.kit.commands import Command
from domain.kit.log import GLOBAL, AppendReceipt, Log
from domain.kit.refusals import CommandIdReused, Contended, NoTenant, Refusal
from domain.kit.text import composed

_logger = logging.getLogger(__name__)

# Each attempt decides on what the last conflict revealed. Of two processes the one whose cache is warm wins again
# and again, so ten are too few; forty lost in a row is a stream too hot to change.
_ATTEMPTS = 40
_HELD = 64_000_000
"""Bytes of memory that aggregates take, about, which commands were decided on."""


class _Turn(asyncio.Lock):
    """A stream's lock, and how many hold it or wait for it."""

    wanted = 0


class Bus:
    """Send commands to the aggregates. One for each process; safe to use from many tasks at once."""

    def __init__(
        self,
        log: Log,
        codec: Codec,
        clock: Clock,
        ids: Ids,
        *,
        source: str = "headwater",
        environment: str = "development",
        region: str = "local",
    ) -> None:
        self.log = log
        """The log it appends to."""
        self.admits: Callable[[Caller], Awaitable[None]] | None = None
        """Raises a refusal when nothing is taken from a caller, whatever the command."""
        self._clock = clock
        self._ids = ids
        self._repository = Repository(log, codec, capacity=_HELD)
        self._appends = AppendBuilder(codec, ids, source=source, environment=environment, region=region)
        self._together = Together(log, self._repository, self._appends, clock, self._appended)
        self._turns: dict[tuple[int, int], _Turn] = {}

    def now(self) -> datetime:
        """The moment, as commands see it."""
        return self._clock.now()

    async def send(
        self,
        command: Command,
        *,
        by: Caller,
        command_id: UUID | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
        expected_version: int | None = None,
    ) -> AppendReceipt | Refusal:
        """Carry a command out once, however often it is sent with the same ``command_id``.

        With ``expected_version`` it is refused unless what its ``id`` names stands at that version.

        Returns the receipt, or the refusal as data. Whatever else goes wrong rises.
        """
        command, command_id = composed(command), command_id or self._ids.new()
        request = Request(
            command,
            by,
            command_id,
            correlation_id or str(command_id),
            causation_id,
            metadata or {},
            expected_version,
        )
        try:
            check(command, self.now())
            await self._admit(by)
            return await self._in_turn(request)
        except Refusal as refusal:
            return await self._known(request) or refusal

    async def send_all(
        self,
        commands: Sequence[SentTogether],
        *,
        by: Caller,
        correlation_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> list[AppendReceipt]:
        """Carry several commands out in their order, all of them or none, each once however often it is sent.

        Each sees what those before it did, also what these made. What was carried out before is answered as it
        was then, and the rest is carried out. Raises RefusedTogether, which says which of them was refused, or the
        refusal of all of them.
        """
        requests = [
            Request(
                composed(sent.command),
                by,
                sent.command_id,
                correlation_id or str(commands[0].command_id),
                None,
                metadata or {},
                sent.expected_version,
            )
            for sent in commands
        ]
        known = await self._together.known(requests)
        for place, request in enumerate(requests):
            if place not in known:
                try:
                    check(request.command, self.now())
                except Refusal as refusal:
                    raise RefusedTogether(place, refusal) from None
        if len(known) < len(requests):
            await self._admit(by)
        async with AsyncExitStack() as turns:
            # In one order, so that no two wait for each other.
            for stream in sorted({request.stream for request in requests}):
                await turns.enter_async_context(self._turn(stream))
            return await self._together.carry_out(requests, known, _ATTEMPTS)

    async def standing(self, tenant_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Aggregate]:
        """The aggregates with these ids as they stand by the log, to be looked at and never changed."""
        return await self._repository.get(tenant_id, ids, fresh=True) if ids else {}

    async def refusals(
        self, questions: Sequence[tuple[type[Command], UUID]], *, by: Caller
    ) -> list[Refusal | None]:
        """What each of these commands would be refused with, were it sent now with nothing but this id; None: its
        rules let it pass.

        Of a command that needs more than an id it is found out whether that names what it changes. What is only
        known as a command is appended, such as that a name is taken, is not found out. Nothing is changed, and all
        are looked at in as few reads as one.
        """
        try:
            await self._admit(by)
        except Refusal as refusal:
            return [refusal] * len(questions)
        answers: list[Refusal | None] = [None] * len(questions)
        wanted: Sequence[int] = range(len(questions))
        for fresh in (False, True):
            # What was cached may be behind; a refusal must be right.
            found = await look_for(
                self._repository, by.tenant_id, [questions[place] for place in wanted], fresh=fresh
            )
            for place in wanted:
                answers[place] = tried(*questions[place], found, by, self._clock.now())
            if not (wanted := [place for place in wanted if answers[place] is not None]):
                break
        return answers

    async def _admit(self, by: Caller) -> None:
        if by.tenant_id == GLOBAL:
            # What is unique over all tenants is reserved under that id; nobody's data are kept under it.
            raise NoTenant
        if self.admits is not None:
            await self.admits(by)

    async def _known(self, request: Request) -> AppendReceipt | Refusal | None:
        """A command carried out before keeps its receipt, though by now the rules would refuse it."""
        known = await self.log.receipt(request.by.tenant_id, request.command_id)
        if known is None:
            return None
        receipt, digest = known
        return receipt if digest in self._appends.known_digests(request) else CommandIdReused()

    async def _in_turn(self, request: Request) -> AppendReceipt:
        async with self._turn(request.stream):
            return await self._carry_out(request)

    @asynccontextmanager
    async def _turn(self, stream: tuple[int, int]) -> AsyncIterator[None]:
        # Commands on one stream in one process wait here rather than conflict in the database.
        turn = self._turns.get(stream)
        if turn is None:
            turn = self._turns[stream] = _Turn()
        turn.wanted += 1
        try:
            async with turn:
                yield
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[stream]

    async def _carry_out(self, request: Request) -> AppendReceipt:
        fresh, besides = False, set[UUID]()
        for _ in range(_ATTEMPTS):
            found = await self._find(request, besides, fresh=fresh)
            try:
                touched = self._decide(request, found)
            except Refusal:
                if fresh:
                    raise
                # What was cached may be behind; a refusal must be right.
                fresh = True
                continue
            except NotLoaded as absent:
                besides |= set(absent.ids)
                continue
            draft = drawn(touched)
            append = await self._appends.build(request, draft)
            outcome = await self.log.append(append)
            if isinstance(outcome, AppendReceipt):
                if not outcome.repeated:
                    grown = [event.originator_id for event in append.events]
                    await self._appended(append.tenant_id, grown, touched, draft.personal)
                return outcome
            raise_unless_conflict(outcome, request.command)
            fresh = True
        raise Contended()

    async def _find(self, request: Request, besides: set[UUID], *, fresh: bool) -> FoundStreams:
        steps = request.command.steps
        found = await find(self._repository, request.by.tenant_id, [request.command], besides, fresh=fresh)
        if steps:
            # What is not there is not there any more when it is looked for again.
            steps[0].wiring.resolved(steps[0], found.streams)
        return found

    def _decide(self, request: Request, found: FoundStreams) -> tuple[Aggregate, ...]:
        tenant_id, now = request.by.tenant_id, self._clock.now()
        try:
            require_version(request, found.streams)
            named = present(request.command, found.streams)
            for field, aggregate in named.items():
                aggregate.require_present(field=field)
            with at(now):
                touched = decide(request.command, found.streams, request.by, now, found.looked_for)
        except BaseException:
            for id in found.streams:
                self._repository.forget(tenant_id, id)
            raise
        ids = {aggregate.id for aggregate in touched}
        others = {each.id: each for each in named.values() if each.id not in ids}
        touched += tuple(others.values())
        # What was changed is not in the log yet, so nobody else may see it.
        for aggregate in touched:
            if aggregate.pending_events:
                self._repository.forget(tenant_id, aggregate.id)
        return touched

    async def _appended(
        self,
        tenant_id: UUID,
        changed: Sequence[UUID],
        touched: tuple[Aggregate, ...],
        personal: Sequence[UUID],
    ) -> None:
        for aggregate in touched:
            grown, every = changed.count(aggregate.id), aggregate.snapshot_every
            # Its state then holds as plain text what the log holds sealed; who needs it next loads it again.
            plain = aggregate.id in personal
            if grown and not plain:
                self._repository.keep(tenant_id, aggregate)
            if aggregate.version // every > (aggregate.version - grown) // every:
                await self._snapshot(tenant_id, aggregate, plain=plain)

    async def _snapshot(self, tenant_id: UUID, aggregate: Aggregate, *, plain: bool) -> None:
        try:
            if plain:
                aggregate = (await self._repository.get(tenant_id, [aggregate.id], fresh=True))[aggregate.id]
            await self._repository.snapshot(tenant_id, aggregate)
        except Exception:
            # The command is stored, and a snapshot only saves time; the next one comes by itself.
            _logger.exception("No snapshot of %s %s was kept.", aggregate.topic, aggregate.id)
