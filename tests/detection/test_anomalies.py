"""Hours that are unlike those before: by numbers, and in events from outside."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.gateway.detection.anomalies import AnomalyDirection, compared_hours, deviation
from domain.gateway.detection.anomaly_detection import LATENESS, MOST_HOURS, AnomalyDetection, Watched
from domain.gateway.detection.anomaly_watches import AnomalyWatch
from domain.kit.process.process_scenario import rehearse
from domain.kit.scenario import NOON
from tests.detection.conftest import Detector
from tests.gateway.sending import Sender, a_source, event
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

HOUR = timedelta(hours=1)
WATCH = UUID(int=7)
EVER = NOON - timedelta(days=60)


def before(*counts: int) -> dict[datetime, int]:
    """So many events at the same hour of the days before, the newest first."""
    return dict(zip(compared_hours(NOON), counts, strict=False))


def test_an_hour_like_those_before_does_not_deviate() -> None:
    found = deviation(NOON, before(*[100] * 28) | {NOON: 104}, EVER)
    assert found is not None
    assert (found.observed, found.expected, found.deviation) == (104, 100, 0.4)


def test_more_and_fewer_deviate_to_either_side() -> None:
    high = deviation(NOON, before(*[100] * 28) | {NOON: 160}, EVER)
    low = deviation(NOON, before(*[100] * 28), EVER)
    assert high is not None
    assert low is not None
    assert (high.direction, high.deviation) == (AnomalyDirection.HIGH, 6)
    assert (low.direction, low.deviation) == (AnomalyDirection.LOW, -10)


def test_an_hour_is_compared_with_the_same_weekday() -> None:
    weekly = {each: 500 if each.weekday() == NOON.weekday() else 10 for each in compared_hours(NOON)}
    found = deviation(NOON, weekly | {NOON: 500}, EVER)
    assert found is not None
    assert found.deviation == 0


def test_one_outlier_before_hides_no_other() -> None:
    found = deviation(NOON, before(100, 100, 9_000, *[100] * 25) | {NOON: 9_000}, EVER)
    assert found is not None
    assert found.deviation > 100


def test_hours_before_the_first_event_are_unknown() -> None:
    full = before(*[100] * 28)
    assert deviation(NOON, full, None) is None
    assert deviation(NOON, full, NOON - timedelta(days=7)) is None
    known = deviation(NOON, full, NOON - timedelta(days=7, hours=1))
    assert known is not None
    assert known.expected == 100


def test_sums_are_compared_by_what_an_event_comes_to() -> None:
    counts = before(*[100] * 28) | {NOON: 100}
    usual, twice = before(*[5_000] * 28) | {NOON: 5_400}, before(*[5_000] * 28) | {NOON: 10_000}
    same, high = deviation(NOON, counts, EVER, usual), deviation(NOON, counts, EVER, twice)
    assert same is not None
    assert high is not None
    # Fifty an event, and ten events to the one side or the other are as usual.
    assert (same.observed, same.measured, same.expected, same.deviation) == (100, 5_400, 5_000, 0.8)
    assert (high.direction, high.deviation) == (AnomalyDirection.HIGH, 10)
    # The unit of what is measured changes nothing.
    cents = {each: total * 100.0 for each, total in twice.items()}
    assert deviation(NOON, counts, EVER, cents) == replace(high, measured=1_000_000, expected=500_000)


def test_sums_of_nothing_before_and_of_less_than_nothing() -> None:
    first = deviation(NOON, {NOON: 9}, EVER, {NOON: 900.0})
    refunds = deviation(NOON, before(*[4] * 28) | {NOON: 4}, EVER, before(*[-40] * 28) | {NOON: -400})
    none = deviation(NOON, {NOON: 2}, EVER, {NOON: 0.0})
    assert [found.deviation for found in (first, refunds, none) if found] == [9, -18, 0]


def test_hours_that_went_by_are_judged_afterwards_and_no_more_than_a_day() -> None:
    process = AnomalyDetection.__new__(AnomalyDetection)
    watch = AnomalyWatch.Defined(name="W", event_type="order.created", source_id=None, sensitivity=4)
    watching = rehearse(process, id=WATCH).happens(watch, at=NOON)
    assert watching.timers["hour"] == NOON + HOUR + LATENESS
    watching.due("hour").decides(process.Judge(hour=NOON))
    watching.moment = NOON + timedelta(hours=4)
    watching.due("hour")
    assert [judge.hour for judge in watching.decided] == [NOON + HOUR, NOON + 2 * HOUR]  # type: ignore[union-attr]
    watching.moment = NOON + timedelta(days=9)
    watching.due("hour")
    assert len(watching.decided) == MOST_HOURS
    assert isinstance(watching.state, Watched)
    # A clock that is set back finds nothing a second time.
    behind = watching.state.hour
    watching.moment = NOON
    watching.timers["hour"] = NOON
    watching.due("hour").decides()
    assert watching.state.hour == behind


def test_an_hour_that_cannot_be_judged_is_tried_again_for_a_day() -> None:
    process = AnomalyDetection.__new__(AnomalyDetection)
    watch = AnomalyWatch.Defined(name="W", event_type="order.created", source_id=None, sensitivity=4)
    watching = rehearse(process, id=WATCH).happens(watch, at=NOON).due("hour").failed()
    watching.decides(process.Judge(hour=NOON))
    watching.moment += MOST_HOURS * HOUR
    watching.failed().decides()
    assert "hour" in watching.timers


@pytest.mark.servers
async def test_a_tenant_has_fifty_watches_at_the_most(client: Client) -> None:
    inputs = [{"name": f"W {number}", "eventType": "order.created"} for number in range(50)]
    receipts = [await client.send("DefineAnomalyWatch", input=watch) for watch in inputs]
    assert all("anomalyWatch" in receipt for receipt in receipts)
    more = {"name": "W", "eventType": "order.created"}
    refused = await client.send("DefineAnomalyWatch", input=more)
    assert refused["code"] == "too_many_anomaly_watches"
    await client.send("DeleteAnomalyWatch", input={"id": receipts[0]["anomalyWatch"]["id"]})
    assert "anomalyWatch" in await client.send("DefineAnomalyWatch", input=more)


@pytest.mark.servers
async def test_hours_are_counted_once_and_kept_by_type_and_source(
    product: Product, shop: Sender, client: Client, detector: Detector
) -> None:
    other = await a_source(product, client)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 3 * HOUR
    for sender, minutes in ((shop, range(30)), (other, range(0, 90, 30))):
        times = [hour + timedelta(minutes=minute) for minute in minutes]
        await sender.answers(*(event(timestamp=at.isoformat()) for at in times))
    hours, type = [hour, hour + HOUR, hour - HOUR], "order.created"
    counted = [await detector.history.hourly(client.tenant, type, id, hours) for id in (None, UUID(other.id))]
    assert counted == [({hour: 32, hour + HOUR: 1}, hour), ({hour: 2, hour + HOUR: 1}, hour)]
    rows = "select events from gateway.hourly_events where tenant_id = $1 order by events"
    assert [row[0] for row in await detector.database.writer.fetch(rows, client.tenant)] == [1, 2, 30]


@pytest.mark.servers
async def test_an_hour_with_many_more_events_is_told_once(
    shop: Sender, client: Client, detector: Detector
) -> None:
    now = datetime.now(UTC)
    this = now.replace(minute=0, second=0, microsecond=0)
    watch = {"name": "Orders", "eventType": "order.created"}
    receipt = await client.send("DefineAnomalyWatch", input=watch)
    id = receipt["anomalyWatch"]["id"]
    times = [
        this - timedelta(days=day) + timedelta(minutes=minute) for day in range(1, 10) for minute in range(3)
    ]
    times += [this + timedelta(seconds=second) for second in range(30)]
    events = [event(timestamp=min(at, now).isoformat()) for at in times]
    await shop.answers(*events)
    detector.clock.ahead = this + HOUR + LATENESS - now + timedelta(minutes=1)
    await until(lambda: told(client))
    (found,) = await anomalies(client)
    assert (found["watchId"], found["direction"], found["observed"]) == (id, "HIGH", 30)
    assert (found["expected"], found["deviation"]) == (3, 15.588)
    assert await client.send("Anomaly", id=found["id"]) == found
    assert (await client.send("Node", id=found["id"]))["__typename"] == "Anomaly"
    shown = await client.send("AnomalyWatch", id=id)
    assert shown["anomalies"]["nodes"] == [found]
    detector.clock.ahead += timedelta(days=1)
    await detector.judged(client, 25)
    assert [each["hour"] for each in await anomalies(client)] == [found["hour"]]


@pytest.mark.servers
async def test_an_hour_whose_events_come_to_much_more_is_told_once(
    product: Product, shop: Sender, client: Client, detector: Detector
) -> None:
    number = {"type": "number", "x-searchable": True}
    schema = {"properties": {"payload": {"properties": {"totalAmount": number}}}}
    await client.send("RegisterSchema", input={"eventType": "order.created", "schema": schema})
    now = datetime.now(UTC)
    this = now.replace(minute=0, second=0, microsecond=0)
    terms = {"eventType": "order.created", "sensitivity": 10}
    for name, more in (("Orders", {}), ("Sales", {"measure": "payload.totalAmount"})):
        receipt = await client.send("DefineAnomalyWatch", input=terms | more | {"name": name})
    id = receipt["anomalyWatch"]["id"]
    assert receipt["anomalyWatch"]["measure"] == "payload.totalAmount"

    def paid(at: datetime, amount: float) -> dict[str, object]:
        return event(timestamp=min(at, now).isoformat(), data={"payload": {"totalAmount": amount}})

    days = [this - timedelta(days=day) + timedelta(minutes=1) for day in range(1, 10) for _ in range(3)]
    await shop.answers(*(paid(day, 10) for day in days), *(paid(this, 1000.5) for _ in range(3)))
    hours = [this, this - timedelta(days=1), this - HOUR]
    measured = (client.tenant, "order.created", UUID(shop.id), hours, "payload.totalAmount")
    assert await detector.history.measured(*measured) == (
        {hours[0]: 3, hours[1]: 3},
        this - timedelta(days=9),
        {hours[0]: 3001.5, hours[1]: 30},
    )
    detector.clock.ahead = this + HOUR + LATENESS - now + timedelta(minutes=1)
    await until(lambda: told(client), seconds=120)
    await detector.judged(client, 2)
    (found,) = await anomalies(client)
    assert (found["watchId"], found["direction"], found["observed"]) == (id, "HIGH", 3)
    assert (found["measured"], found["expected"], found["measure"]) == (3001.5, 30, "payload.totalAmount")


async def told(client: Client) -> bool:
    """Whether something was found."""
    return bool(await anomalies(client))


async def anomalies(client: Client) -> list[dict[str, object]]:
    """What was found."""
    found = await client.send("Anomalies", first=10)
    return [edge["node"] for edge in found["edges"]]
