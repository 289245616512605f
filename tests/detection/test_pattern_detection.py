"""Patterns are found in events from outside, each match once."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.gateway.detection.patterns import DefineEventPattern, PatternKind, RelatedBy
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.permissions import ROLES
from tests.detection.conftest import Detector, defined, happened, matches
from tests.domain.sending import accepted
from tests.gateway.sending import Sender, a_source
from tests.kit.at_work import LateClock
from tests.kit.client import Client
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


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_host_whose_clock_is_off_changes_nothing_of_what_is_missing(
    shop: Sender, client: Client, detector: Detector, hours: int
) -> None:
    await shop.answers(happened(SIGNED_UP, 20))
    writes = detector.work.writes
    host = Bus(writes.log, writes.codec, LateClock(timedelta(hours=hours)), TimeOrderedIds())
    pattern = DefineEventPattern(
        id=uuid4(),
        name="P",
        kind=PatternKind.MISSING,
        event_types=(SIGNED_UP, BOUGHT),
        related_by=RelatedBy.USER,
        window_seconds=3_600,
    )
    owner = Caller(tenant_id=client.tenant, user_id=client.user, permissions=ROLES["owner"])
    await accepted(host, pattern, by=owner)
    await shop.answers(happened(SIGNED_UP, 10, "u-2"))
    detector.clock.ahead += timedelta(hours=3)
    await detector.look(client)
    assert [each["related"] for each in await matches(client)] == ["u-2"]


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
    pattern = await defined(client, "MISSING", [SIGNED_UP, BOUGHT], 3600)
    await shop.answers(happened(SIGNED_UP, 10))
    detector.clock.ahead += timedelta(days=3)
    await detector.look(client)
    (found,) = await matches(client)
    detector.clock.ahead -= timedelta(days=3)
    # The next look is due when that clock says; this has it due now.
    await client.send("DisableEventPattern", input={"id": pattern})
    await client.send("EnableEventPattern", input={"id": pattern})
    await shop.answers(happened(SIGNED_UP, 5, "u-2"))
    for _ in range(2):
        detector.clock.ahead += timedelta(days=2)
        await detector.look(client)
    assert sorted(each["related"] for each in await matches(client)) == ["u-1", "u-2"]
    assert found in await matches(client)


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
