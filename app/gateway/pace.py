"""The pace at which a worker takes in what lies ready: no faster than the source may send."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.gateway.ingestion import Ingestion
from domain.gateway.outcomes import EventAnswer, ReceivedEvent
from domain.kit.caller import Caller
from domain.kit.refusals import Refusal

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
    """What became of each, once there is room for them. Raises as `EventIntake.admit`, but for too many."""
    while True:
        try:
            await intake.admit(by, source_id)
            break
        except Refusal as refusal:
            wait = refusal.facts.get("retry_after")
            if not isinstance(wait, int):
                raise
            await asyncio.sleep(wait)
    answers: list[EventAnswer] = []
    for start in range(0, len(events), TOGETHER):
        batch = events[start : start + TOGETHER]
        answers += await intake.take(by, source_id, batch, received_at=received_at)
    return answers
