"""Tell the story of a demo company: its commands, and what its outside systems send, each at its time."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from app.demo.outside import SentBatch
from app.demo.story import DAYS, Company, StoryStep, story
from domain.commerce import order_commands
from domain.gateway.outcomes import EventIntake
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.codec import Codec
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt, Log, Selection
from domain.kit.permissions import ROLES
from domain.work import task_commands

_TOGETHER = 500
_AT_ONCE = {order_commands.__name__, task_commands.__name__}
"""The modules whose commands are sent while others are under way."""
now: ContextVar[datetime] = ContextVar("demo_now")
"""The moment that the story has come to."""


class DemoClock:
    """Says the moment that the story has come to, separately in each running command; it never goes back."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        self._last = max(self._last, now.get())
        return self._last


def demo_bus(log: Log, codec: Codec) -> Bus:
    """What sends the demo's commands."""
    return Bus(log, codec, DemoClock(), TimeOrderedIds(), environment="demo")


async def tell(
    log: Log,
    codec: Codec,
    company: Company,
    *,
    intake: EventIntake | None = None,
    size: int | None = None,
    start: datetime | None = None,
) -> int:
    """Carry the story out and return how many steps it had; what had been told is not told twice.

    Without an ``intake`` outside systems send nothing.
    """
    began = await log.read(limit=1, select=Selection(tenant_id=company.id))
    start = (
        began[0].timestamp + timedelta(seconds=1)
        if began
        else start or datetime.now(UTC) - timedelta(days=DAYS)
    )
    steps = story(company, start)[:size]
    last = max(number for number, step in enumerate(steps) if isinstance(step.command, Command))
    if await log.receipt(company.id, uuid5(company.id, f"command {last}")):
        return 0
    await _carry_out(steps, company, demo_bus(log, codec), intake)
    return len(steps)


async def _carry_out(
    steps: Sequence[StoryStep], company: Company, bus: Bus, intake: EventIntake | None
) -> None:
    started: dict[UUID, asyncio.Task[None]] = {}
    for number, step in enumerate(steps):
        by = Caller(tenant_id=company.id, user_id=step.by, permissions=ROLES["owner"])
        if isinstance(step.command, SentBatch):
            await asyncio.gather(*started.values())
            if intake is not None:
                batch = step.command
                await intake.take(by, batch.source_id, batch.events, received_at=step.at, sent_at=step.at)
            continue
        # The log is to be in order of time, so none overtakes one that waits for another on its stream.
        if (earlier := started.pop(step.command.id, None)) is not None:
            await earlier
        if len(started) == _TOGETHER:
            await started.pop(next(iter(started)))
        alone = type(step.command).__module__ not in _AT_ONCE
        if alone:
            await asyncio.gather(*started.values())
            started.clear()
        id = uuid5(company.id, f"command {number}")
        task = started[step.command.id] = asyncio.create_task(_step(bus, step.command, step.at, by, id))
        if alone:
            # What comes later refers to people and projects, and a person's key has to be made first.
            await task
    await asyncio.gather(*started.values())


async def _step(bus: Bus, command: Command, at: datetime, by: Caller, command_id: UUID) -> None:
    now.set(at)
    await send(bus, command, by, command_id)


async def send(bus: Bus, command: Command, by: Caller, command_id: UUID) -> None:
    """Send one command. Raises RuntimeError where it is refused."""
    outcome = await bus.send(command, by=by, command_id=command_id)
    if not isinstance(outcome, AppendReceipt):
        raise RuntimeError(
            f"The demo's {command.stored_as} was refused: {outcome.message} "
            "A demo that was broken off goes on with the HEADWATER_DEMO_TASKS that it began with."
        )
