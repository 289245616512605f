"""CloudEvents at the door: structured, in headers, in batches; what they must say, and what they become."""

import base64
import json
import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.gateway.cloud_events import (
    BATCH,
    STRUCTURED,
    NoCloudEvent,
    id_of_cloud_event,
    read_cloud_event,
)
from domain.gateway.events import stream_of
from tests.gateway.sending import Sender, fault
from tests.kit.client import Client

NOW = "2026-01-01T00:00:00+00:00"
Json = dict[str, Any]


def cloud(**more: object) -> Json:
    """A good event, and these attributes."""
    return {
        "specversion": "1.0",
        "id": f"A{uuid4().hex}",
        "source": "/mycontext/4",
        "type": "order.created",
        "time": datetime.now(UTC).isoformat(),
        "data": {"orderId": "o-1", "totalAmount": 12.5},
        **more,
    }


def test_an_id_is_its_own_or_follows_from_source_and_id() -> None:
    id = uuid4()
    assert id_of_cloud_event("/a", str(id)) == id
    assert (
        id_of_cloud_event("/a", "1")
        == id_of_cloud_event("/a", "1")
        == UUID("624e03df-5b27-5432-8ee5-a2a76a19c8a7")
    )
    assert id_of_cloud_event("/a", "1") != id_of_cloud_event("/b", "1")


@pytest.mark.parametrize("missing", ["id", "source", "type", "specversion"])
@pytest.mark.parametrize("value", ["", None, 1])
def test_four_attributes_are_required(missing: str, value: object) -> None:
    with pytest.raises(NoCloudEvent) as wrong:
        read_cloud_event(cloud(**{missing: value}), NOW)
    assert wrong.value.path == (missing,)


@pytest.mark.parametrize(
    ("more", "attribute"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"Upper": "a"}, "Upper"),
        ({"with_line": "a"}, "with_line"),
        ({"trace": {"a": 1}}, "trace"),
        ({"sampled": 1.5}, "sampled"),
        ({"time": 5}, "time"),
        ({"data": {}, "data_base64": "AA=="}, "data_base64"),
    ],
)
def test_what_the_specification_does_not_allow_is_named(more: Json, attribute: str) -> None:
    with pytest.raises(NoCloudEvent) as wrong:
        read_cloud_event(cloud(**more), NOW)
    assert wrong.value.path == (attribute,)


@pytest.mark.parametrize("encoded", ["!", 5, "AAA"])
def test_binary_data_is_base64(encoded: object) -> None:
    event = cloud(data_base64=encoded)
    del event["data"]
    with pytest.raises(NoCloudEvent):
        read_cloud_event(event, NOW)


def test_all_that_is_no_member_of_an_envelope_is_metadata() -> None:
    event = cloud(id="1", subject="o/1", correlationid="c-1", partition=3, dataschema=None)
    envelope = read_cloud_event(event, NOW)
    assert envelope["correlationId"] == "c-1"
    assert envelope["data"] == {
        "payload": event["data"],
        "metadata": {"id": "1", "source": "/mycontext/4", "subject": "o/1", "partition": 3},
    }
    assert read_cloud_event(cloud(time=None, data=[1]), NOW)["timestamp"] == NOW
    assert read_cloud_event(cloud(data=[1]), NOW)["data"]["payload"] == {"data": [1]}


async def structured(shop: Sender, event: object, kind: str = STRUCTURED) -> Json:
    response = await shop.send(event, **{"content-type": f"{kind}; charset=utf-8"})
    assert response.status_code in (200, 422), response.text
    answer: Json = response.json()
    return answer


@pytest.mark.parametrize("source", ["a b", "<a>", "a\n", "50%", "käse", 'a"b', " "])
def test_a_source_is_a_uri_reference(source: str) -> None:
    with pytest.raises(NoCloudEvent, match="URI-reference"):
        read_cloud_event(cloud(source=source), "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "source", ["/a", "urn:a:b", "a", "//[::1]:80/a?b=c#d", "mailto:a@b.c", "k%C3%A4se", "#"]
)
def test_a_source_may_be_relative(source: str) -> None:
    assert read_cloud_event(cloud(source=source), "2026-01-01T00:00:00Z")


async def test_a_structured_event_is_stored_once(shop: Sender, client: Client) -> None:
    event = cloud()
    first, again = await structured(shop, event), await structured(shop, event)
    assert (first["status"], again["status"]) == ("accepted", "duplicate")
    id = stream_of(UUID(shop.id), id_of_cloud_event(event["source"], event["id"]))
    found = await client.send("OutsideEvent", id=str(id), afterPosition=first["position"])
    assert (found["eventType"], found["orderRef"]) == ("order.created", "o-1")
    assert found["data"]["metadata"]["source"] == "/mycontext/4"


async def test_attributes_in_headers_are_the_same_event(shop: Sender) -> None:
    event = cloud(subject="käse")
    assert (await structured(shop, {**event, "datacontenttype": "application/json"}))["status"] == "accepted"
    names = ("specversion", "id", "source", "type", "time")
    headers = {f"ce-{name}": event[name] for name in names} | {"ce-subject": "k%C3%A4se"}
    answer = (await shop.send(event["data"], **headers)).json()
    assert answer["status"] == "duplicate", answer
    headers["ce-id"] = "another"
    pixels = b"\x89PNG\xff"
    binary = (await shop.send(pixels, **headers, **{"content-type": "image/png"})).json()
    assert binary["status"] == "accepted", binary
    encoded = {**event, "id": "another", "datacontenttype": "image/png"}
    del encoded["data"]
    encoded["data_base64"] = base64.b64encode(pixels).decode()
    assert (await structured(shop, encoded))["status"] == "duplicate"


async def test_of_a_batch_each_is_answered(shop: Sender) -> None:
    sent = [cloud(), cloud(time="2026-01-01T00:00:00"), cloud(specversion="2.0"), "x", cloud()]
    body = await structured(shop, sent, BATCH)
    assert [result["status"] for result in body["results"]] == [
        "accepted",
        "rejected",
        "rejected",
        "rejected",
        "accepted",
    ]
    assert fault(body["results"][1]) == ("envelope", "format", ["timestamp"])
    assert fault(body["results"][2]) == ("cloudevents", "format", ["specversion"])
    assert fault(body["results"][3]) == ("cloudevents", "format", [])
    assert await structured(shop, [], BATCH) == {
        "accepted": 0,
        "duplicates": 0,
        "rejected": 0,
        "results": [],
    }


@pytest.mark.parametrize("name", ["id", "source", "type", "correlationid", "userid", "sessionid"])
async def test_what_is_no_text_is_one_event_s_fault(shop: Sender, name: str) -> None:
    rejected, accepted = (await structured(shop, [cloud(**{name: "\ud800"}), cloud()], BATCH))["results"]
    assert fault(rejected) == ("json", "format", [name])
    assert rejected["letterId"]
    assert accepted["status"] == "accepted"


async def test_what_is_no_batch_is_refused_whole(shop: Sender) -> None:
    for body, kind in ((b"{}", BATCH), (b"x", STRUCTURED), (b"\xff", STRUCTURED)):
        assert (await shop.send(body, **{"content-type": kind})).status_code == 400
    many = await shop.send([{}] * 1001, **{"content-type": BATCH})
    assert many.status_code == 413


async def test_no_cloud_event_is_a_fault_of_ours(shop: Sender) -> None:
    chance = random.Random(20261130)
    values: list[Any] = [None, "", 1, 1.5, 2**70, True, [], {}, "\0", "\ud800", "ü", "x" * 300, {"a": [{}]}]
    for _ in range(300):
        event = cloud()
        for _ in range(chance.randrange(1, 4)):
            name = chance.choice([*event, "subject", "correlationid", "data_base64", "A", ""])
            event[name] = chance.choice(values)
        if chance.random() < 0.3:
            headers = {
                f"ce-{name}": str(event[name])[:50] for name in ("specversion", "id", "source", "type")
            }
            encoded = {
                name: value.encode("latin-1", "replace").decode("latin-1") for name, value in headers.items()
            }
            if any("\0" in value for value in encoded.values()):
                continue
            response = await shop.http.post(
                "/v1/events",
                content=json.dumps(event["data"]).encode(),
                headers=[
                    (b"authorization", f"Bearer {shop.key}".encode()),
                    (b"content-type", chance.choice([b"application/json", b"text/plain", b""])),
                    *((name.encode(), value.strip().encode("latin-1")) for name, value in encoded.items()),
                ],
            )
        else:
            response = await shop.send(event, **{"content-type": STRUCTURED})
        assert response.status_code in (200, 400, 422), response.text
