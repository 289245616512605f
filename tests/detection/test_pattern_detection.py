"""Patterns are found in events from outside, each match once."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from uuid import UUID, uuid4

import pytest

from app.gateway.outside_history import HistoryBehind, StoredHistory
from domain.gateway.detection.pattern_detection import (
    EVERY,
    LATENESS,
    PatternDetection,
    PatternSearch,
    SoughtPattern,
)
from domain.gateway.detection.patterns import PatternKind, PatternTerms, RelatedBy
from domain.gateway.detection.ports import LogPlace
from domain.kit.commands import Command
from domain.kit.process.effects import Call
from domain.kit.process.process_scenario import ProcessScenario, rehearse
from domain.kit.scenario import NOON
from tests.detection.conftest import Detector, defined, happened, matches
from tests.gateway.sending import Sender, a_source
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

pytestmark = pytest.mark.servers

SIGNED_UP, BOUGHT = "user.signed_up", "order.created"


async def test_a_sequence_is_found_with_its_events(shop: Sender, client: Client, detector: Detector) -> None:
    pattern = await defined(client, "SEQUENCE", [SIGNED_UP, BOUGHT], 60)
    first, last = happened(SIGNED_UP, 30), happened(BOUGHT, 10)
    await shop.answers(last, happened(BOUGHT, 5, "u-2"), first, happened(SIGNED_UP, 2, "u-2"))
    await detector.look(client)
    (found,) = await matches(client)
    events = [await client.send("OutsideEvent", id=id) for id in found["eventIds"]]
    assert [each["eventId"] for each in events] == [first["eventId"], last["eventId"]]
    assert found["patternId"] == pattern
    assert (found["related"], found["events"], found["patternName"]) == ("u-1", 2, "SEQUENCE")
    assert [found["beganAt"], found["endedAt"]] == [each["occurredAt"] for each in events]
    assert await client.send("PatternMatch", id=found["id"]) == found
    assert (await client.send("Node", id=found["id"]))["__typename"] == "PatternMatch"
    shown = await client.send("EventPattern", id=pattern)
    assert shown["matches"]["nodes"] == [found]


async def test_a_count_is_found_once_however_long_it_goes_on(
    shop: Sender, client: Client, detector: Detector
) -> None:
    await defined(client, "COUNT", [SIGNED_UP, BOUGHT], 60, least=3)
    await shop.answers(happened(SIGNED_UP, 50), happened(BOUGHT, 40))
    await detector.look(client)
    assert await matches(client) == []
    await shop.answers(happened(BOUGHT, 30))
    await detector.look(client)
    await shop.answers(happened(BOUGHT, 20), happened(BOUGHT, 45))
    await detector.look(client)
    (found,) = await matches(client)
    assert found["events"] == 3


async def test_what_does_not_follow_is_found_when_its_time_is_over(
    shop: Sender, client: Client, detector: Detector
) -> None:
    await defined(client, "MISSING", [SIGNED_UP, BOUGHT], 3_600)
    await shop.answers(happened(SIGNED_UP, 5), happened(SIGNED_UP, 5, "u-2"), happened(BOUGHT, 1, "u-2"))
    await detector.look(client)
    assert await matches(client) == []
    detector.clock.ahead += timedelta(hours=2)
    await detector.look(client)
    (found,) = await matches(client)
    assert (found["related"], found["events"]) == ("u-1", 1)
    # Whatever comes later changes nothing of it.
    await shop.answers(happened(BOUGHT, 4))
    await detector.look(client)
    assert await matches(client) == [found]


async def test_what_was_received_before_a_pattern_was_there_or_on_is_not_missing(
    shop: Sender, client: Client, detector: Detector
) -> None:
    await shop.answers(happened(SIGNED_UP, 20))
    pattern = await defined(client, "MISSING", [SIGNED_UP, BOUGHT], 3_600)
    await client.send("DisableEventPattern", input={"id": pattern})
    await shop.answers(happened(SIGNED_UP, 15, "u-2"))
    await client.send("EnableEventPattern", input={"id": pattern})
    await shop.answers(happened(SIGNED_UP, 10, "u-3"))
    detector.clock.ahead += timedelta(hours=2)
    await detector.look(client)
    assert [each["related"] for each in await matches(client)] == ["u-3"]


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
    detector.clock.ahead += timedelta(hours=2)
    before = await detector.looks(client)

    async def found() -> bool:
        return len(await matches(client)) == len(agos)

    await until(found, seconds=30)
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
    monkeypatch.setattr(StoredHistory, "patience", 30)
    page = await detector.history.received(client.tenant, begun)
    assert ([each.event.type for each in page.events], page.more) == ([SIGNED_UP] * 2, True)
    page = await detector.history.received(client.tenant, page.until)
    assert ([each.event.type for each in page.events], page.more) == ([BOUGHT], False)


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
    pattern = SoughtPattern(id=UUID(int=1), terms=terms, since=NOON)
    scenario = rehearse(process)
    scenario.state = PatternSearch(
        patterns=(pattern,), after=LogPlace(stream_id=UUID(int=2), version=1, at=NOON), until=NOON
    )
    scenario.timers["look"] = NOON
    return scenario


def test_a_look_that_is_given_up_is_taken_up_by_the_next() -> None:
    process = PatternDetection.__new__(PatternDetection)
    scenario = searching(process)
    before = scenario.state
    scenario.due("look").failed()
    assert (scenario.state, scenario.timers) == (before, {"look": NOON + EVERY})
    scenario.due("look").decides(process.Look(after=0, since=NOON, until=NOON + EVERY - LATENESS))


def test_a_search_that_was_stored_with_positions_goes_on_by_moments() -> None:
    state = searching(PatternDetection.__new__(PatternDetection)).state
    assert state is not None
    stored = json.loads(PatternDetection.keep(state))
    stored["after"] = 17
    stored["patterns"][0]["since"] = 12
    stored["patterns"].append(stored["patterns"][0] | {"since": None})
    restored = PatternDetection.restore(1, json.dumps(stored))
    assert restored.after == LogPlace(stream_id=None, version=0, at=NOON)
    on, off = restored.patterns
    assert (off.since, on.since is not None and on.since < NOON) == (None, True)


async def test_a_tenant_has_fifty_patterns_at_the_most(client: Client) -> None:
    ids = [await defined(client, "COUNT", [BOUGHT], 60, least=2, name=f"P {n}") for n in range(50)]
    terms = {"name": "P", "kind": "COUNT", "eventTypes": [BOUGHT], "windowSeconds": 60, "least": 2}
    refused = await client.send("DefineEventPattern", input=terms)
    assert refused["code"] == "too_many_event_patterns"
    await client.send("DeleteEventPattern", input={"id": ids[0]})
    command = {"input": terms, "commandId": str(uuid4())}
    assert "eventPattern" in await client.send("DefineEventPattern", **command)
    assert (await client.send("DefineEventPattern", **command))["repeated"]


async def test_what_is_received_late_is_found_late(shop: Sender, client: Client, detector: Detector) -> None:
    await defined(client, "MISSING", [SIGNED_UP, BOUGHT], 60)
    await detector.look(client)
    await shop.answers(
        happened(SIGNED_UP, 86_400), happened(SIGNED_UP, 86_400, "u-2"), happened(BOUGHT, 86_350, "u-2")
    )
    await detector.look(client)
    assert [each["related"] for each in await matches(client)] == ["u-1"]


async def test_an_event_that_is_sent_again_counts_once(
    shop: Sender, client: Client, detector: Detector
) -> None:
    await defined(client, "COUNT", [BOUGHT], 60, least=2)
    bought = happened(BOUGHT, 10)
    for _ in range(3):
        await shop.answers(bought)
    await detector.look(client)
    assert await matches(client) == []


async def test_a_pattern_that_is_off_finds_nothing_and_goes_on_with_what_is_new(
    shop: Sender, client: Client, detector: Detector
) -> None:
    pattern = await defined(client, "COUNT", [BOUGHT], 60, least=2)
    other = await defined(client, "COUNT", [BOUGHT], 60, least=2, name="other")
    await client.send("DisableEventPattern", input={"id": pattern})
    await shop.answers(happened(BOUGHT, 50), happened(BOUGHT, 40))
    await detector.look(client)
    assert [each["patternId"] for each in await matches(client)] == [other]
    await client.send("EnableEventPattern", input={"id": pattern})
    await shop.answers(happened(BOUGHT, 20, "u-2"), happened(BOUGHT, 10, "u-2"))
    await detector.look(client)
    of_it = await matches(client, patternId={"eq": pattern})
    assert [each["related"] for each in of_it] == ["u-2"]
    await client.send("DeleteEventPattern", input={"id": pattern})
    assert await matches(client, patternId={"eq": pattern}) == of_it


async def test_events_of_another_company_are_none_of_ones_own(
    product: Product, shop: Sender, client: Client, detector: Detector
) -> None:
    stranger = await product.newcomer()
    theirs = await a_source(product, stranger)
    await defined(client, "COUNT", [BOUGHT], 60, least=2)
    await defined(stranger, "COUNT", [BOUGHT], 60, least=2)
    await shop.answers(happened(BOUGHT, 20))
    await theirs.answers(happened(BOUGHT, 15), happened(BOUGHT, 10))
    await detector.look(client)
    await detector.look(stranger)
    assert await matches(client) == []
    assert len(await matches(stranger)) == 1


async def test_a_clock_that_jumps_ahead_and_back_finds_each_once(
    shop: Sender, client: Client, detector: Detector
) -> None:
    await defined(client, "MISSING", [SIGNED_UP, BOUGHT], 3600)
    await shop.answers(happened(SIGNED_UP, 10))
    detector.clock.ahead += timedelta(days=3)
    await detector.look(client)
    (found,) = await matches(client)
    detector.clock.ahead -= timedelta(days=3)
    await shop.answers(happened(SIGNED_UP, 5, "u-2"))
    for _ in range(2):
        detector.clock.ahead += timedelta(days=2)
        await detector.look(client)
    assert sorted(each["related"] for each in await matches(client)) == ["u-1", "u-2"]
    assert found in await matches(client)


async def test_two_looks_at_the_same_find_each_once(shop: Sender, client: Client, detector: Detector) -> None:
    begun = datetime.now(UTC)
    pattern = UUID(await defined(client, "COUNT", [BOUGHT], 60, least=2))
    for ago in (20, 10):
        await shop.answers(*(happened(BOUGHT, ago, f"u-{number}") for number in range(5)))
    state = searching(detector.patterns).state
    assert state is not None
    sought = replace(state.patterns[0], id=pattern, since=begun)
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
    await defined(client, "SEQUENCE", [SIGNED_UP, BOUGHT], 600)
    for type, ago in ((SIGNED_UP, 60), (BOUGHT, 30)):
        await shop.answers(*(happened(type, ago, f"u-{n}") for n in range(60)))
    await detector.look(client)

    async def found() -> bool:
        return bool((await client.send("PatternMatches", first=1))["totalCount"] == 60)

    await until(found, seconds=30)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": "SEQUENCE", "eventTypes": [BOUGHT]}, "eventTypes"),
        ({"kind": "MISSING", "eventTypes": [BOUGHT] * 3}, "eventTypes"),
        ({"kind": "COUNT", "eventTypes": [BOUGHT]}, "least"),
        ({"kind": "COUNT", "eventTypes": [BOUGHT, BOUGHT], "least": 3}, "eventTypes"),
        ({"kind": "MISSING", "eventTypes": [BOUGHT] * 2, "least": 3}, "least"),
        ({"kind": "COUNT", "eventTypes": [BOUGHT], "least": 1}, "least"),
        ({"kind": "SEQUENCE", "eventTypes": [BOUGHT] * 2, "windowSeconds": 604_801}, "windowSeconds"),
    ],
)
async def test_a_pattern_that_means_nothing_is_refused(
    client: Client, terms: dict[str, object], field: str
) -> None:
    refused = await client.send("DefineEventPattern", input={"name": "P", "windowSeconds": 60, **terms})
    assert refused["field"] == field
