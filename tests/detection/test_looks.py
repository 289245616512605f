"""Looks for patterns: how far each goes, what it waits for, and what becomes of those that fail."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from uuid import UUID, uuid4

import pytest

from app.gateway.outside_history import HistoryBehind, StoredHistory
from domain.gateway.detection import pattern_detection
from domain.gateway.detection.pattern_detection import (
    EVERY,
    LATENESS,
    PatternDetection,
)
from domain.gateway.detection.pattern_search import PatternSearch, SoughtPattern
from domain.gateway.detection.patterns import PatternKind, PatternTerms, RelatedBy
from domain.gateway.detection.ports import LogPlace
from domain.kit.commands import Command
from domain.kit.process.effects import Call
from domain.kit.process.process_scenario import ProcessScenario, rehearse
from domain.kit.scenario import NOON
from tests.detection.conftest import Detector, defined, happened, matches
from tests.gateway.sending import Sender
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

pytestmark = pytest.mark.servers

SIGNED_UP, BOUGHT = "user.signed_up", "order.created"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def searching(process: PatternDetection) -> ProcessScenario[PatternSearch]:
    """A company with a pattern that is on."""
    terms = PatternTerms(
        name="P",
        kind=PatternKind.COUNT,
        event_types=(BOUGHT,),
        related_by=RelatedBy.USER,
        window_seconds=60,
        least=2,
    )
    place = LogPlace(stream_id=UUID(int=2), version=1, at=NOON)
    pattern = SoughtPattern(id=UUID(int=1), terms=terms, since=place)
    scenario = rehearse(process)
    scenario.state = PatternSearch(patterns=(pattern,), after=place, until=NOON)
    scenario.timers["look"] = NOON
    return scenario


def test_a_look_that_is_given_up_is_taken_up_by_the_next() -> None:
    process = PatternDetection.__new__(PatternDetection)
    scenario = searching(process)
    before = scenario.state
    scenario.due("look").failed()
    assert (scenario.state, scenario.timers) == (before, {"look": NOON + EVERY})
    scenario.due("look").decides(process.Look(after=0, since=NOON, until=NOON + EVERY - LATENESS))


@pytest.mark.parametrize(
    ("version", "since", "place"),
    [
        (1, 12, LogPlace(stream_id=UUID(int=1), version=1, at=_EPOCH)),
        (2, "1970-01-01T00:00:00Z", LogPlace(stream_id=UUID(int=1), version=1, at=_EPOCH)),
        # It was off for a while: what was received meanwhile does not count.
        (2, NOON.isoformat(), LogPlace(stream_id=None, version=0, at=NOON)),
    ],
)
def test_a_search_that_was_stored_with_positions_or_moments_goes_on_there(
    version: int, since: object, place: LogPlace
) -> None:
    state = searching(PatternDetection.__new__(PatternDetection)).state
    assert state is not None
    stored = json.loads(PatternDetection.keep(state))
    if version == 1:
        stored["after"] = 17
    stored["patterns"][0]["since"] = since
    stored["patterns"].append(stored["patterns"][0] | {"since": None})
    restored = PatternDetection.restore(version, json.dumps(stored))
    assert restored.after == (state.after if version == 2 else LogPlace(stream_id=None, version=0, at=NOON))
    assert [each.since for each in restored.patterns] == [place, None]


async def test_what_others_were_to_follow_is_looked_at_in_steps(
    shop: Sender, client: Client, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatternDetection, "most_awaiting", 4)
    monkeypatch.setattr(StoredHistory, "page", 2)
    await defined(client, "MISSING", [SIGNED_UP, BOUGHT], 3_600)
    # Five of one time cannot be told apart by it.
    agos = [20, 20, 20, 20, 20, 15, 14, 13, 12, 11]
    await shop.answers(*(happened(SIGNED_UP, ago, f"u-{n}") for n, ago in enumerate(agos)))
    await detector.look(client)
    # A look that has found more is followed by another at once.
    await detector.work.idle(PatternDetection, client.tenant)
    before = await detector.looks(client)
    detector.clock.ahead += timedelta(hours=2)

    async def found() -> bool:
        return len(await matches(client)) == len(agos)

    await until(found)
    # It would have been one look, without an end to each.
    assert await detector.looks(client) - before > 1


async def test_nothing_is_judged_before_what_was_received_can_be_read(
    product: Product, shop: Sender, client: Client, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoredHistory, "page", 2)
    monkeypatch.setattr(StoredHistory, "patience", 0.2)
    begun = LogPlace(stream_id=None, version=0, at=datetime.now(UTC))
    results = await shop.answers(*(happened(SIGNED_UP, 20, f"u-{n}") for n in range(2)))
    await client.send("OutsideEvents", afterPosition=results[-1]["position"])
    await product.worker.pause()
    try:
        # It is on the next page, and not in the view.
        await shop.answers(happened(BOUGHT, 10, "u-1"))
        with pytest.raises(HistoryBehind):
            await detector.history.received(client.tenant, begun)
    finally:
        await product.worker.start()
    monkeypatch.setattr(StoredHistory, "patience", 120)
    page = await detector.history.received(client.tenant, begun)
    assert ([each.event.type for each in page.events], page.more) == ([SIGNED_UP] * 2, True)
    page = await detector.history.received(client.tenant, page.until)
    assert ([each.event.type for each in page.events], page.more) == ([BOUGHT], False)


async def test_a_tenant_has_fifty_patterns_at_the_most(client: Client) -> None:
    terms = {"name": "P", "kind": "COUNT", "eventTypes": [BOUGHT], "windowSeconds": 60, "least": 2}
    inputs = [terms | {"name": f"P {number}"} for number in range(55)]
    answers = await asyncio.gather(*(client.send("DefineEventPattern", input=each) for each in inputs))
    ids = [each["eventPattern"]["id"] for each in answers if "eventPattern" in each]
    refusals = [each["code"] for each in answers if "eventPattern" not in each]
    assert (len(ids), set(refusals)) == (50, {"too_many_event_patterns"})
    await client.send("DeleteEventPattern", input={"id": ids[0]})
    command = {"input": terms, "commandId": str(uuid4())}
    assert "eventPattern" in await client.send("DefineEventPattern", **command)
    assert (await client.send("DefineEventPattern", **command))["repeated"]


async def test_two_looks_at_the_same_find_each_once(shop: Sender, client: Client, detector: Detector) -> None:
    begun = datetime.now(UTC)
    pattern = UUID(await defined(client, "COUNT", [BOUGHT], 60, least=2))
    for ago in (20, 10):
        await shop.answers(*(happened(BOUGHT, ago, f"u-{number}") for number in range(5)))
    state = searching(detector.patterns).state
    assert state is not None
    sought = replace(state.patterns[0], id=pattern, since=LogPlace(stream_id=None, version=0, at=begun))
    call: Call[PatternSearch] = Call(
        key=uuid4(),
        tenant_id=client.tenant,
        instance="company",
        attempt=1,
        event_id=uuid4(),
        correlation_id="looks",
        state=replace(state, patterns=(sought,), after=LogPlace(stream_id=None, version=0, at=begun)),
        send=_sends_nothing,
    )
    look = PatternDetection.Look(after=0, since=begun, until=begun)
    await asyncio.gather(*(detector.patterns.look(look, call) for _ in range(2)))
    assert sorted(each["related"] for each in await matches(client)) == [f"u-{n}" for n in range(5)]


async def _sends_nothing(command: Command) -> NoReturn:
    raise AssertionError


async def test_more_than_a_page_is_looked_at_without_a_pause(
    shop: Sender, client: Client, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoredHistory, "page", 25)
    monkeypatch.setattr(pattern_detection, "EVERY", timedelta(minutes=10))
    await defined(client, "SEQUENCE", [SIGNED_UP, BOUGHT], 600)
    for type, ago in ((SIGNED_UP, 60), (BOUGHT, 30)):
        await shop.answers(*(happened(type, ago, f"u-{n}") for n in range(60)))
    # One look is due, and no other for ten minutes.
    detector.clock.ahead += timedelta(minutes=11)

    async def found() -> bool:
        return bool((await client.send("PatternMatches", first=1))["totalCount"] == 60)

    await until(found)
