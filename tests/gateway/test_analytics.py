"""What the events of outside systems come to: by user and order, by day, and how good those of a source are."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections.gateway.source_quality import (
    TARGETS,
    SourceQualityRow,
    accuracy,
    completeness,
    consistency,
    missed,
    timeliness,
)
from projections.kit.declare.sketches import Spread
from tests.gateway.callbacks import a_provider, stripe_event
from tests.gateway.sending import Json, Sender, a_source, event
from tests.kit.client import Client
from tests.kit.product import Product

NOW = datetime.now(UTC)


async def sent(shop: Sender, *events: Json) -> str:
    """The position of the last of these events, rejected ones included."""
    results = await shop.answers(*events)
    return str(max(int(result["position"]) for result in results if "position" in result))


def nodes(connection: Json) -> list[Json]:
    """What a page holds."""
    return [edge["node"] for edge in connection["edges"]]


async def test_what_a_user_did_is_listed_with_the_last_first(shop: Sender, client: Client) -> None:
    first, second = (
        event(
            userId="u-7",
            eventType=kind,
            sessionId="s-1",
            timestamp=(NOW - timedelta(hours=hours)).isoformat(),
        )
        for kind, hours in (("user.signed_in", 2), ("user.signed_out", 1))
    )
    after = await sent(shop, second, event(), event(userId="u-8"), first)
    found = await client.send("OutsideUserEvents", user="u-7", afterPosition=after)
    assert [(node["eventId"], node["category"]) for node in nodes(found)] == [
        (second["eventId"], "USER"),
        (first["eventId"], "USER"),
    ]
    assert found["totalCount"] == 2
    shown = nodes(found)[0]
    assert (shown["userRef"], shown["sessionRef"], shown["source"]["id"]) == ("u-7", "s-1", shop.id)
    (same,) = nodes(await client.send("OutsideEvents", filter={"eventType": {"eq": "user.signed_out"}}))
    assert shown["event"]["id"] == same["id"]
    one = await client.send("OutsideUserEvents", user="u-7", eventType="user.signed_in")
    assert [node["eventId"] for node in nodes(one)] == [first["eventId"]]
    early = await client.send(
        "OutsideUserEvents", user="u-7", untilTime=(NOW - timedelta(minutes=90)).isoformat()
    )
    assert [node["eventId"] for node in nodes(early)] == [first["eventId"]]


async def test_a_user_has_a_name_that_is_not_too_long(client: Client) -> None:
    for user in ("", "x" * 201):
        code, _ = await client.error("OutsideUserEvents", user=user)
        assert code == "BAD_USER_INPUT"


async def test_what_is_known_of_an_order_is_what_happened_last(shop: Sender, client: Client) -> None:
    def about(kind: str, minutes: int) -> Json:
        data = {"payload": {"orderId": "o-9", "totalAmount": 5, "amount": 5}}
        at = (NOW - timedelta(minutes=minutes)).isoformat()
        return event(eventType=kind, userId="u-1", data=data, timestamp=at)

    after = await sent(shop, about("order.created", 30), about("order.shipped", 10))
    # It comes late, and says what was before.
    after = await sent(shop, about("order.packed", 20))
    order = {"entityType": {"eq": "ORDER"}, "ref": {"eq": "o-9"}}
    (shown,) = nodes(await client.send("OutsideEntities", filter=order, afterPosition=after))
    assert (shown["status"], shown["events"], shown["userRef"]) == ("shipped", 3, "u-1")
    assert shown["eventType"] == "order.shipped"
    of_user = {"userRef": {"eq": "u-1"}, "status": {"eq": "shipped"}}
    found = nodes(await client.send("OutsideEntities", filter=of_user))
    assert {(node["entityType"], node["ref"]) for node in found} == {("ORDER", "o-9"), ("USER", "u-1")}


async def test_events_are_counted_by_day_type_and_user(shop: Sender, client: Client) -> None:
    yesterday = NOW - timedelta(days=1)
    events = [
        event(
            eventType="user.seen", userId=f"u-{number % 3}", sessionId=f"s-{number}", timestamp=at.isoformat()
        )
        for at, count in ((NOW, 6), (yesterday, 2))
        for number in range(count)
    ]
    after = await sent(shop, *events)
    by_type = {"eventType": {"eq": "user.seen"}}
    counts = nodes(
        await client.send("EventCounts", filter=by_type, orderBy="DATE", direction="ASC", afterPosition=after)
    )
    assert [(count["date"], count["events"], count["users"], count["sessions"]) for count in counts] == [
        (yesterday.date().isoformat(), 2, 2, 2),
        (NOW.date().isoformat(), 6, 3, 6),
    ]
    assert counts[0]["medianDelay"] == pytest.approx(24 * 3600, rel=0.03)
    of_user = {"userRef": {"eq": "u-0"}, "metricType": {"eq": "USER"}}
    (today, before) = nodes(
        await client.send("EventCounts", filter=of_user, orderBy="DATE", direction="DESC")
    )
    assert (today["events"], today["users"], before["events"]) == (2, 1, 1)


async def test_the_quality_of_a_source_is_told_by_the_hour(
    product: Product, shop: Sender, client: Client
) -> None:
    assert nodes(await client.send("SourceQuality")) == []
    good = event(
        **{"version": "1", "correlationId": "c-1", "userId": "u-1", "sessionId": "s-1"},
        **{"eventSource": "web", "environment": "live", "region": "eu"},
    )
    await shop.answers(*({**good, "eventId": str(uuid4())} for _ in range(20)))
    other = await a_source(product, client)
    wrong = event(data={"payload": {"orderId": "o-1", "items": [], "totalAmount": -5}})
    await other.answers(
        wrong, event(timestamp="yesterday"), event(eventId="x"), {**good, "eventId": str(uuid4())}
    )
    # Dead letters come after the answers; another event is folded after them.
    after = await sent(other, event(timestamp=(NOW - timedelta(minutes=6)).isoformat()))
    found = nodes(await client.send("SourceQuality", afterPosition=after))
    by_source = {node["source"]["id"]: node for node in found}
    best, worst = by_source[shop.id], by_source[other.id]
    assert (best["accepted"], best["completeness"], best["accuracy"], best["consistency"]) == (
        20,
        100,
        100,
        100,
    )
    assert best["timeliness"] < 300
    assert (best["breached"], best["missed"]) == (False, [])
    assert (worst["accepted"], worst["rejected"]) == (2, 3)
    assert (worst["accuracy"], worst["consistency"]) == (60, 80)
    assert worst["missed"] == ["COMPLETENESS", "ACCURACY", "CONSISTENCY", "TIMELINESS"]
    breached = nodes(await client.send("SourceQuality", filter={"breached": {"eq": True}}))
    assert [node["source"]["id"] for node in breached] == [other.id]
    counts = nodes(await client.send("ViolationCounts", filter={"sourceId": {"eq": other.id}}))
    assert {(count["rule"], count["events"]) for count in counts} >= {("envelope", 2)}
    assert sum(count["events"] for count in counts) == 3


async def test_completeness_asks_what_the_way_in_and_the_schema_can_say(
    product: Product, shop: Sender, client: Client
) -> None:
    stripe = await a_provider(product, client)
    assert (await stripe.stripe(stripe_event("some.new.type", {"customer": "cus_1"}))).status_code == 200
    cloud = {"specversion": "1.0", "id": "A-1", "source": "/till", "type": "till.opened"}
    ids = {"correlationid": "c-1", "userid": "u-1", "sessionid": "s-1"}
    till = await a_source(product, client)
    answer = await till.send(
        json.dumps({**cloud, **ids}).encode(), **{"content-type": "application/cloudevents+json"}
    )
    assert answer.status_code == 200, answer.text
    texts = {"type": "object", "properties": {"weight": {"type": "string"}, "size": {"type": "string"}}}
    schema = {"type": "object", "properties": {"payload": texts, "metadata": texts}}
    registered = await client.send("RegisterSchema", input={"eventType": "parcel.sent", "schema": schema})
    assert "position" in registered, registered
    # 4 of the envelope's 11, and 3 of the 4 that the schema declares.
    data = {"payload": {"weight": "1", "size": "2", "color": "red"}, "metadata": {"size": "3"}}
    after = await sent(shop, event(eventType="parcel.sent", data=data))
    found = nodes(await client.send("SourceQuality", afterPosition=after))
    by_source = {node["source"]["id"]: (node["completeness"], node["missed"]) for node in found}
    assert by_source == {stripe.source: (100, []), till.id: (100, []), shop.id: (46, ["COMPLETENESS"])}


async def test_what_is_no_cloud_event_is_malformed_and_contradicts_nothing(
    shop: Sender, client: Client
) -> None:
    wrong = json.dumps({"specversion": "0.3", "id": "1", "source": "/shop", "type": "order.created"}).encode()
    answer = await shop.send(wrong, **{"content-type": "application/cloudevents+json"})
    assert answer.status_code == 422
    after = await sent(shop, event())
    (node,) = nodes(await client.send("SourceQuality", afterPosition=after))
    assert (node["rejected"], node["accuracy"], node["consistency"]) == (1, 50, 100)


async def test_a_breach_is_heard_as_it_happens(shop: Sender, client: Client) -> None:
    watching = client.watching("SourceQualityChanged", initial=True, filter={"breached": {"eq": True}})
    async with watching as messages:
        assert (await anext(messages))["complete"]
        await shop.answers(event(timestamp="yesterday"))
        heard = await anext(messages)
    assert heard["node"]["missed"] == ["ACCURACY"]
    assert (heard["node"]["completeness"], heard["node"]["timeliness"]) == (None, None)


async def test_a_batch_is_heard_of_once(shop: Sender, client: Client) -> None:
    async with client.watching("SourceQualityChanged", initial=True) as messages:
        assert (await anext(messages))["complete"]
        await shop.answers(*(event() for _ in range(8)))
        first = await anext(messages)
        await shop.answers(event())
        second = await anext(messages)
    assert [each["node"]["accepted"] for each in (first, second)] == [8, 9]


async def test_what_leaves_by_a_batch_is_heard_of(product: Product, shop: Sender, client: Client) -> None:
    """The last event of the batch changes nothing that the filter asks about."""
    other, clean = await a_source(product, client), {"rejected": {"eq": 0}}
    async with client.watching("SourceQualityChanged", initial=True, filter=clean) as messages:
        assert (await anext(messages))["complete"]
        await shop.answers(event())
        first = await anext(messages)
        await shop.answers(event(timestamp="yesterday"), event())
        await other.answers(event())
        second = await anext(messages)
    assert (second["kind"], second["nodeId"]) == ("REMOVED", first["nodeId"])


async def test_another_tenant_has_its_own_counts(product: Product, shop: Sender, client: Client) -> None:
    after = await sent(shop, event(userId="u-7"))
    other = await product.newcomer()
    for operation, more in (
        ("OutsideUserEvents", {"user": "u-7"}),
        ("OutsideEntities", {}),
        ("EventCounts", {}),
        ("SourceQuality", {}),
        ("ViolationCounts", {}),
    ):
        assert nodes(await other.send(operation, afterPosition=after, **more)) == [], operation


def quality(**counts: Any) -> SourceQualityRow:
    return SourceQualityRow(id=UUID(int=1), source_id=UUID(int=2), hour=NOW, **counts)


def test_of_an_hour_without_accepted_events_much_is_unknown() -> None:
    row = quality(rejected=2, contradictory=2)
    assert (completeness(row), timeliness(row)) == (None, None)
    assert (accuracy(row), consistency(row)) == (100, 0)
    assert missed(row) == ["consistency"]
    assert (accuracy(quality()), consistency(quality())) == (None, None)


@pytest.mark.parametrize(
    ("target", "just_missed", "just_met"),
    [
        (
            "completeness",
            {"accepted": 100, "completeness_sum": 9900},
            {"accepted": 100, "completeness_sum": 9901},
        ),
        (
            "accuracy",
            {"accepted": 95, "completeness_sum": 9500, "rejected": 5, "malformed": 5},
            {"accepted": 96, "completeness_sum": 9600, "rejected": 5, "malformed": 5},
        ),
        (
            "consistency",
            {"accepted": 98, "completeness_sum": 9800, "rejected": 2, "contradictory": 2},
            {"accepted": 99, "completeness_sum": 9900, "rejected": 2, "contradictory": 2},
        ),
        (
            "timeliness",
            {"accepted": 100, "completeness_sum": 10000, "live": 20, "late": 2},
            {"accepted": 100, "completeness_sum": 10000, "live": 20, "late": 1},
        ),
    ],
)
def test_a_target_is_above_its_number(target: str, just_missed: Json, just_met: Json) -> None:
    assert missed(quality(**just_missed)) == [target]
    assert missed(quality(**just_met)) == []


def test_the_time_on_the_way_is_that_of_95_in_100() -> None:
    delays = Spread()
    for second in range(1, 101):
        delays = delays.plus(second)
    assert timeliness(quality(accepted=100, delays=delays)) == pytest.approx(95, rel=0.03)


async def test_sql_and_python_say_the_same_of_targets(product: Product) -> None:
    connection = await asyncpg.connect(product.settings.database_url)
    names = ("accepted", "rejected", "malformed", "contradictory", "completeness_sum", "live", "late")
    some = [(0, 0, 0, 0, 0, 0, 0), (0, 3, 3, 0, 0, 0, 0)]
    some += [(100, 0, 0, 0, 9900, 100, 5), (100, 0, 0, 0, 9901, 100, 6), (100, 0, 0, 0, 9901, 0, 0)]
    some += [(95, 5, 5, 0, 9500, 95, 0), (98, 2, 0, 2, 9800, 98, 0), (99, 2, 1, 1, 9900, 99, 0)]
    try:
        for counts in some:
            given = ", ".join(f"{count}::bigint as {name}" for name, count in zip(names, counts, strict=True))
            row = quality(**dict(zip(names, counts, strict=True)))
            for target in TARGETS:
                told = await connection.fetchval(f"select {target.sql} from (select {given}) q")
                assert told is target.missed(row), (target.name, counts)
    finally:
        await connection.close()
