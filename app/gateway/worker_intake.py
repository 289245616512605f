"""What workers take in of what lies ready: no faster than the source may send, its faults those of effects."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from app.gateway.ingestion import Ingestion
from app.imports.faults import fault_of
from domain.gateway.letters import LettersFull
from domain.gateway.outcomes import EventAnswer, ReceivedEvent
from domain.kit.caller import Caller
from domain.kit.log import Log
from domain.kit.process.effects import EffectRefused
from domain.kit.refusals import Forbidden, Refusal

TOGETHER = 500
"""Events that are stored together."""


async def taken(
    intake: Ingestion,
    by: Caller,
    source_id: UUID,
    events: Sequence[ReceivedEvent],
    *,
    received_at: datetime | None = None,
) -> list[EventAnswer]:
    """What became of each, once there is room for them. Raises EffectRefused and EffectFailed with a word."""
    try:
        await admitted(intake, by, source_id)
        answers: list[EventAnswer] = []
        for start in range(0, len(events), TOGETHER):
            batch = events[start : start + TOGETHER]
            answers += await intake.take(by, source_id, batch, received_at=received_at)
        return answers
    except LettersFull:
        raise EffectRefused("too_many_rejected") from None
    except Forbidden:
        # It was good when this was started.
        raise EffectRefused("key_not_good") from None
    except Refusal as refusal:
        raise fault_of(refusal) from None


async def was_stored(log: Log, tenant_id: UUID, position: int | None, origin: Mapping[str, object]) -> bool:
    """Whether the event at a position of the log came from there: a try of the same that was cut off stored it."""
    if position is None or not origin:
        return False
    (stored,) = await log.read(after=position - 1, until=position, limit=1)
    said = json.loads(stored.metadata)
    return stored.tenant_id == tenant_id and all(said.get(name) == value for name, value in origin.items())


async def admitted(intake: Ingestion, by: Caller, source_id: UUID) -> None:
    """Wait until there is room for events of a source. Raises the refusals of `EventIntake.admit` but for that."""
    while True:
        try:
            return await intake.admit(by, source_id)
        except Refusal as refusal:
            wait = refusal.facts.get("retry_after")
            if not isinstance(wait, int):
                raise
            await asyncio.sleep(wait)
