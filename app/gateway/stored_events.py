"""What is stored already, looked at for what is sent again in other words: another offset of the same moment, or
with what was filled in, as exports write it."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from app.gateway.drafts import EventDraft
from domain.gateway.events import OutsideEvent
from domain.gateway.outcomes import EventViolation
from domain.kit.codec import Codec
from domain.kit.log import AppendReceipt, Conflict, Envelope, Log, Outcome, Reused, Taken
from domain.kit.refusals import ViolationCode
from domain.kit.sealed import Opening, opened_each

_AT_ONCE = 16
"""Of so many events the data are looked at between the turns of others."""
_ALIKE = (
    "event_type",
    "event_source",
    "schema_version",
    "occurred_at",
    "user_id",
    "session_id",
    "order_id",
)

_CONFLICT = EventViolation(
    "conflict",
    ViolationCode.UNSUITABLE,
    ("eventId",),
    "This source has sent another event with this eventId.",
)
_OTHER_BODY = EventViolation(
    "conflict",
    ViolationCode.UNSUITABLE,
    (),
    "The delivery with this transmission id has brought another event.",
)


class StoredEvents:
    """The accepted events of one database's tenants."""

    def __init__(self, log: Log, codec: Codec, opening: Opening) -> None:
        self._log, self._codec, self._opening = log, codec, opening

    async def same(
        self, tenant_id: UUID, drafts: Sequence[EventDraft], outcomes: Mapping[int, Outcome | None]
    ) -> dict[int, Outcome | None]:
        """What became of those whose ids are those of stored events that say all that they do, by the identity of
        the draft: they are these. Of a replay its letter says what becomes of it, and an event that brings
        something else with it is none of them."""
        asking = [
            draft
            for draft in drafts
            if draft.letter is None
            and not draft.told
            and conflict(draft, outcomes.get(id(draft))) is _CONFLICT
        ]
        found: dict[int, Outcome | None] = {}
        for start in range(0, len(asking), _AT_ONCE):
            found |= await self._same(tenant_id, asking[start : start + _AT_ONCE])
            await asyncio.sleep(0)
        return found

    async def _same(self, tenant_id: UUID, asking: Sequence[EventDraft]) -> dict[int, Outcome | None]:
        streams = await self._log.streams(tenant_id, [draft.id for draft in asking])
        known: list[tuple[EventDraft, Envelope, OutsideEvent.Accepted]] = []
        for draft in asking:
            for envelope in streams.get(draft.id, ())[:1]:
                stored = self._codec.decode(envelope)
                if isinstance(stored, OutsideEvent.Accepted) and _alike(draft, envelope, stored):
                    known.append((draft, envelope, stored))
        opened = await opened_each(self._opening, tenant_id, [stored.data for _, _, stored in known])
        return {
            id(draft): AppendReceipt(draft.id, envelope.position, envelope.position, repeated=True)
            for (draft, envelope, _), data in zip(known, opened, strict=True)
            if _equal(data, _made(draft).data)
        }


def conflict(draft: EventDraft, outcome: Outcome | None) -> EventViolation | None:
    """What is wrong where another event has its id, or came by its delivery. Nothing but that moves the stream of
    an event."""
    if draft.violations:
        return None
    if isinstance(outcome, Taken):
        return _OTHER_BODY
    other = isinstance(outcome, Conflict) and outcome.originator_id == draft.id
    return _CONFLICT if other or isinstance(outcome, Reused) else None


def _made(draft: EventDraft) -> OutsideEvent.Accepted:
    assert isinstance(draft.event, OutsideEvent.Accepted)
    return draft.event


def _alike(draft: EventDraft, envelope: Envelope, stored: OutsideEvent.Accepted) -> bool:
    """Whether all is the same that needs no key."""
    event = _made(draft)
    around = (envelope.correlation_id, envelope.environment, envelope.region)
    return around == (draft.correlation_id, draft.environment, draft.region) and all(
        getattr(event, name) == getattr(stored, name) for name in _ALIKE
    )


def _equal(data: str | None, other: str) -> bool:
    """Whether data that were opened, if they do open, say the same, in whatever order their members are. Both are
    written as compactly, so what has another length is not looked at."""
    try:
        return data is not None and len(data) == len(other) and _in_order(data) == _in_order(other)
    except orjson.JSONDecodeError:
        return False


def _in_order(data: str) -> bytes:
    return orjson.dumps(orjson.loads(data), option=orjson.OPT_SORT_KEYS)
