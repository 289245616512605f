"""What dead letters have become by now, as the log says it: a view may not know it yet."""

import json
from collections.abc import Collection
from uuid import UUID

from domain.gateway.letters import CLOSED_AT, DeadLetter
from domain.gateway.replays import AlreadyReplayed
from domain.kit.log import Envelope, Log
from domain.kit.refusals import NotFound, Refusal


async def closings(log: Log, tenant_id: UUID, letter_ids: Collection[UUID]) -> dict[UUID, int | None]:
    """Those of letters that are closed, each with the position of the event that it became; None for one that was
    discarded."""
    if not letter_ids:
        return {}
    found = await log.streams(tenant_id, list(letter_ids), after=CLOSED_AT - 1)
    return {id: _became(events[0]) for id, events in found.items()}


def refused(became: int | None) -> Refusal:
    """What is said of a letter that became another event than what it is sent as, or that there is none of."""
    return NotFound(field="id", what="dead letter") if became is None else AlreadyReplayed(field="id")


def _became(closing: Envelope) -> int | None:
    if closing.type != DeadLetter.Replayed.stored_as:
        return None
    position: int | None = json.loads(closing.payload).get("position")
    return closing.position - 1 if position is None else position
