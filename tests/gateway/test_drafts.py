"""What is stored of an event, as far as it must stay the same for ever."""

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from app.gateway.admission import KnownSource
from app.gateway.drafts import EventDraft, Intake, plain
from domain.gateway.bodies import read_body
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.checks import EventChecks
from domain.gateway.envelope import IncomingEvent
from domain.gateway.events import OutsideEvent, subject_of
from domain.gateway.letters import DeadLetter
from domain.gateway.outcomes import EventViolation, ReplayedLetter
from domain.gateway.sources import SourceKind
from domain.kit.privacy.nobody import nobody_of
from domain.kit.refusals import ViolationCode
from projections.gateway.sources import SourceRow

_TENANT, _SOURCE, _EVENT = UUID(int=1), UUID(int=2), UUID(int=3)
_NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


class _Unchecked(EventChecks):
    async def ready(self, tenant_id: UUID, types: Collection[str]) -> None: ...

    def known_as(self, tenant_id: UUID, name: str) -> str:
        return name

    def newest(self, tenant_id: UUID, type: str) -> int | None:
        return None

    def declared(self, tenant_id: UUID, event: IncomingEvent) -> tuple[int, int]:
        return 0, 0

    def searchable(self, tenant_id: UUID, event: IncomingEvent) -> None:
        return None

    def check(self, tenant_id: UUID, event: IncomingEvent) -> list[Any]:
        return []


def _draft(body: bytes, provider: CallbackProvider | None = None, **how: Any) -> EventDraft:
    row = SourceRow(
        id=_SOURCE,
        name="Shop",
        kind=SourceKind.APPLICATION,
        provider=provider,
        environment="staging",
        region="eu",
        created_at=_NOON,
        updated_at=_NOON,
        version=1,
    )
    intake = Intake(
        tenant_id=_TENANT,
        source=KnownSource(row, (), None),
        received_at=_NOON,
        sent_at=None,
        started=time.perf_counter_ns(),
        checks=_Unchecked(),
    )
    (received,), _ = read_body(body)
    return intake.draft(replace(received, **how))


_BODY = (
    b'{"eventId": "00000000-0000-0000-0000-000000000003", "eventType": "order.created",'
    b' "timestamp": "2030-01-31T12:00:00Z", "data": {"payload": {"b": 1.50, "a": "\\u00e9"}}%s}'
)


def test_the_id_and_the_digest_of_an_event_never_change() -> None:
    """An event that is sent again is compared with what was stored of it, by whichever version that was."""
    draft = _draft(_BODY % b"")
    assert draft.id == uuid5(_SOURCE, f"event {_EVENT.hex}")
    assert draft.digest.hex() == "5d2ba84ba46f9a6606be83102c4921c464b4e85d557664456abafa5097bfbea1"


@pytest.mark.parametrize(
    ("more", "completeness", "added"),
    [
        (b"", 36, ("correlationId", "environment", "eventSource", "region", "version")),
        (b', "userId": "u", "sessionId": "s", "region": "eu"', 63,
         ("correlationId", "environment", "eventSource", "version")),
        (b', "userId": "u", "sessionId": "s", "region": "eu", "environment": "e", "eventSource": "x",'
         b' "version": "2", "correlationId": "c"', 100, ()),
    ],
)  # fmt: skip
def test_what_is_missing_is_filled_in_and_told(
    more: bytes, completeness: int, added: tuple[str, ...]
) -> None:
    event = _draft(_BODY % more).event
    assert isinstance(event, OutsideEvent.Accepted)
    assert (event.completeness, event.added) == (completeness, added)


def test_a_replay_is_asked_for_no_more_than_the_way_by_which_it_came_can_say() -> None:
    letter, body = ReplayedLetter(UUID(int=4), edited=False), _BODY % b', "correlationId": "c"'
    ways: list[dict[str, Any]] = [{"provider": CallbackProvider.STRIPE}, {"pull": UUID(int=5)}, {}]
    replays = [_draft(body, letter=letter, **way).event for way in ways]
    assert [getattr(event, "completeness", None) for event in replays] == [100, 100, 45]


def test_whose_an_event_is_follows_from_whom_it_names() -> None:
    person = UUID(int=7)
    named = [str(person), person.hex, f"{{{person}}}", "customer-1", "x" * 40, None]
    assert [subject_of(_TENANT, _SOURCE, name, _NOON) for name in named] == [
        *[person] * 3,
        uuid5(_TENANT, "gateway person customer-1"),
        uuid5(_TENANT, f"gateway person {'x' * 40}"),
        nobody_of(_SOURCE, "day 2030-01-31"),
    ]
    next_day = subject_of(_TENANT, _SOURCE, None, _NOON + timedelta(days=1))
    assert next_day == nobody_of(_SOURCE, "day 2030-02-01")


def test_no_name_in_a_dead_letter_looks_sealed() -> None:
    """Whoever exports or sends what is stored would try to open it."""
    name = f"hw1.{'0' * 32}.1.-.A.B"
    letter = _draft(b'{"eventType": "%s", "%s": 1}' % (name.encode(), name.encode())).event
    assert isinstance(letter, DeadLetter.Kept)
    assert letter.event_type is None
    path, message = plain(EventViolation("json", ViolationCode.FORMAT, ("data", name), f"{name} is wrong."))
    assert (path, message) == (("data", "…"), "… is wrong.")
