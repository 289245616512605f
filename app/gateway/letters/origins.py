"""What dead letters came with, as the log says it of what was pulled."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.gateway.pulls.returning_items import AFTER
from domain.kit.log import Log


@dataclass(frozen=True, slots=True)
class LetterOrigin:
    """The pull that brought a letter, and the event whose place its event takes; nothing of what was sent."""

    pull: UUID | None = None
    after: str | None = None


async def origins(log: Log, tenant_id: UUID, letter_ids: Sequence[UUID]) -> dict[UUID, LetterOrigin]:
    """The origin of each of these letters."""
    found = await log.streams(tenant_id, letter_ids)
    return {id: _origin(json.loads(events[0].metadata)) for id, events in found.items()}


def _origin(said: dict[str, str]) -> LetterOrigin:
    pull = said.get("pull")
    return LetterOrigin(None if pull is None else UUID(pull), said.get(AFTER))
