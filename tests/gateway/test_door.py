"""The door: what is taken, what is answered for each event, and what is refused before anything is read."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
import pytest

from app.gateway.rates import SourceRates
from domain.gateway.events import stream_of
from domain.gateway.outcomes import TooManyEvents
from tests.gateway.sending import Sender, a_source, event, fault
from tests.kit.client import Client
from tests.kit.product import Product, running


async def test_one_event_is_accepted_and_shown_with_what_was_filled_in(shop: Sender, client: Client) -> None:
    sent = event(userId="c-7", sessionId="s-1")
    response = await shop.send(sent, **{"headwater-sent-at": "2026-01-01T12:00:00+02:00"})
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer == {"status": "accepted", "eventId": sent["eventId"], "position": answer["position"]}
    id = str(stream_of(UUID(shop.id), UUID(sent["eventId"])))
    shown = await client.send("OutsideEvent", id=id, afterPosition=answer["position"])
    stages = shown.pop("stages")
    assert set(stages) == {"validated", "checked", "enriched", "ruled"}
    assert 0 <= stages["validated"] <= stages["checked"] <= stages["enriched"] <= stages["ruled"]
    assert shown.pop("data") == sent["data"]
    occurred = datetime.fromisoformat(shown.pop("occurredAt"))
    assert abs(occurred - datetime.fromisoformat(sent["timestamp"])) < timedelta(milliseconds=1)
    name, person = shown["source"]["name"], shown.pop("personId")
    assert person == str(uuid5(client.tenant, "gateway person c-7"))
    assert shown == {
        "id": id,
        "eventId": sent["eventId"],
        "eventType": "order.created",
        "category": "BUSINESS",
        "eventSource": name,
        "schemaVersion": "1",
        "sentAt": "2026-01-01T10:00:00Z",
        "receivedAt": shown["receivedAt"],
        "correlationId": sent["eventId"],
        "userRef": "c-7",
        "sessionRef": "s-1",
        "orderRef": "o-1",
        "environment": "staging",
        "region": "eu",
        "completeness": 54,
        "added": ["correlationId", "environment", "eventSource", "region", "version"],
        "metadata": [],
        "source": {"id": shop.id, "name": name},
    }


async def test_what_other_programs_write_around_an_event_is_no_part_of_it(shop: Sender) -> None:
    sent = event(userId="auth0|507f1f77bcf86cd799439011", data={"payload": {"n": "čaj"}})
    marked = b"\xef\xbb\xbf" + json.dumps(sent, ensure_ascii=False).encode()
    assert (await shop.send(marked)).json()["status"] == "accepted"
    lines = await shop.send(marked + b"\r\n", **{"content-type": "application/x-ndjson; charset=UTF-8"})
    assert lines.json()["status"] == "duplicate"
    foreign = await shop.send(event(), **{"content-type": 'application/json; charset="iso-8859-2"'})
    assert (foreign.status_code, foreign.json()["code"]) == (415, "unsupported_media_type")


async def test_one_bad_event_loses_none_of_its_neighbours(shop: Sender) -> None:
    first, second, bad = event(), event(), event(eventType="Order Created")
    response = await shop.send([first, bad, second])
    body = response.json()
    assert (body["accepted"], body["duplicates"], body["rejected"]) == (2, 0, 1)
    statuses = [result["status"] for result in body["results"]]
    assert statuses == ["accepted", "rejected", "accepted"]
    assert [result["eventId"] for result in body["results"]] == [
        each["eventId"] for each in (first, bad, second)
    ]
    assert fault(body["results"][1]) == ("envelope", "format", ["eventType"])


async def test_the_same_event_again_is_the_same_event(shop: Sender) -> None:
    sent = event()
    (accepted,) = await shop.answers(sent)
    # The same, with its members in another order.
    again = dict(reversed(sent.items()))
    twice = await shop.answers(again, sent)
    assert [result["status"] for result in twice] == ["duplicate", "duplicate"]
    assert {result["position"] for result in twice} == {accepted["position"]}


async def test_duplicates_inside_one_batch_are_one_event(shop: Sender) -> None:
    sent, other = event(), event()
    results = await shop.answers(sent, other, sent, sent)
    assert [result["status"] for result in results] == ["accepted", "accepted", "duplicate", "duplicate"]
    assert results[2]["position"] == results[3]["position"] == results[0]["position"]


async def test_the_same_id_with_other_content_is_told(shop: Sender, client: Client) -> None:
    sent = event()
    other = {**sent, "data": {"payload": {"totalAmount": 13}}}
    accepted, conflict = await shop.answers(sent, other)
    assert accepted["status"] == "accepted"
    assert fault(conflict) == ("conflict", "unsuitable", ["eventId"])
    accepted_later = (await shop.answers(event()))[0]["position"]
    letters = await client.send(
        "DeadLetters", filter={"rule": {"eq": "conflict"}}, afterPosition=accepted_later
    )
    kept = [edge["node"] for edge in letters["edges"]]
    assert [(letter["id"], json.loads(letter["raw"])) for letter in kept] == [(conflict["letterId"], other)]


async def test_the_same_id_of_another_source_is_another_event(
    shop: Sender, product: Product, client: Client
) -> None:
    till, sent = await a_source(product, client), event()
    assert [(await each.answers(sent))[0]["status"] for each in (shop, till)] == ["accepted", "accepted"]


async def test_many_at_once_accept_an_event_once(shop: Sender) -> None:
    sent = event()
    results = await asyncio.gather(*(shop.answers(sent, event()) for _ in range(8)))
    statuses = sorted(first["status"] for first, _ in results)
    assert statuses == ["accepted", *["duplicate"] * 7]
    assert {first["position"] for first, _ in results} == {
        next(first["position"] for first, _ in results if first["status"] == "accepted")
    }


async def test_a_rejected_event_alone_is_answered_422(shop: Sender) -> None:
    response = await shop.send(event(eventId="x"))
    assert (response.status_code, fault(response.json())[2]) == (422, ["eventId"])


async def test_a_body_that_is_no_json_is_refused_whole(shop: Sender) -> None:
    for body in (b"", b"{", b"[1,", b'"x"', b"7", b"\xff", b"[" * 100_000, b'{"a": 1} x'):
        response = await shop.send(body)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_request"), body[:10]


async def test_more_than_a_batch_holds_is_refused(shop: Sender) -> None:
    assert (await shop.send([{}] * 1_001)).status_code == 413
    assert (await shop.send(b"[" + b" " * (5 * 1024 * 1024) + b"]")).status_code == 413
    assert (await shop.send([])).json() == {"accepted": 0, "duplicates": 0, "rejected": 0, "results": []}


async def test_content_of_another_type_is_refused(shop: Sender) -> None:
    for headers in (
        {"content-type": "text/plain"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
    ):
        assert (await shop.send(event(), **headers)).status_code == 415
    wrong = await shop.send(event(), **{"headwater-sent-at": "yesterday"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "headwater-sent-at")


async def test_lines_are_answered_by_lines(shop: Sender) -> None:
    sent = [event() for _ in range(3)]
    lines = [json.dumps(each).encode() for each in sent]
    long = b'{"a": "' + b"x" * 200_000 + b'"}'
    body = b"\n".join([lines[0], b"", lines[1], b"{", b"\xff", long, lines[2] + b"\r", lines[0]])

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 700):
            yield body[at : at + 700]

    headers = {"authorization": f"Bearer {shop.key}", "content-type": "application/x-ndjson"}
    response = await shop.http.post("/v1/events", content=pieces(), headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    results = [json.loads(line) for line in response.text.splitlines()]
    assert [result["status"] for result in results] == [
        "accepted",
        "accepted",
        "rejected",
        "rejected",
        "rejected",
        "accepted",
        "duplicate",
    ]
    assert [fault(result)[0] for result in results[2:5]] == ["json", "json", "size"]


async def test_thousands_of_lines_are_taken(shop: Sender) -> None:
    body = b"\n".join(json.dumps(event()).encode() for _ in range(1_200))
    response = await shop.send(body, **{"content-type": "application/x-ndjson"})
    results = [json.loads(line)["status"] for line in response.text.splitlines()]
    assert results == ["accepted"] * 1_200


async def test_a_source_that_is_not_active_or_a_key_that_is_revoked_sends_nothing(
    shop: Sender, client: Client, product: Product
) -> None:
    till = await a_source(product, client)
    assert (await till.answers(event()))[0]["status"] == "accepted"
    await client.send("DeactivateSource", input={"id": till.id})
    refused = await till.send(event())
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "source_inactive")
    await client.send("ActivateSource", input={"id": till.id})
    assert (await till.answers(event()))[0]["status"] == "accepted"
    (key,) = (await client.send("Source", id=shop.id))["keys"]["nodes"]
    await client.send("RevokeSourceKey", input={"id": shop.id, "keyId": key["id"]})
    assert (await shop.send(event())).status_code == 401


async def test_a_key_sends_the_types_of_its_scopes(product: Product, client: Client) -> None:
    till = await a_source(product, client, scopes=["payment", "order.created"])
    results = await till.answers(
        event(), event(eventType="payment.received"), event(eventType="order.created_late")
    )
    assert [result["status"] for result in results] == ["accepted", "accepted", "rejected"]
    assert fault(results[2]) == ("scope", "unsuitable", ["eventType"])


async def test_a_person_names_the_source(product: Product, client: Client) -> None:
    till = await a_source(product, client)
    person = Sender(product.http, till.id, client.token)
    unnamed = await person.send(event())
    assert (unnamed.status_code, unnamed.json()["error"]["code"]) == (400, "source_not_named")
    assert "?source=" in unnamed.json()["error"]["message"]
    headers = {"authorization": f"Bearer {client.token}", "content-type": "application/json"}
    for source, status in ((till.id, 200), (str(uuid4()), 404), ("x", 400)):
        response = await product.http.post(f"/v1/events?source={source}", json=event(), headers=headers)
        assert response.status_code == status, response.text
    guest = product.client(client.tenant, uuid4(), role="guest")
    assert (await Sender(product.http, till.id, guest.token).send(event())).status_code == 403


async def test_events_are_sent_over_graphql(product: Product, client: Client) -> None:
    till, sent = await a_source(product, client), event()
    input = {"sourceId": till.id, "events": [sent, event(eventId="x"), sent]}
    receipt = await client.send("IngestEvents", input=input)
    assert [result["status"] for result in receipt["results"]] == ["ACCEPTED", "REJECTED", "DUPLICATE"]
    assert receipt["results"][1]["violations"][0]["code"] == "format"
    assert receipt["position"] == receipt["results"][0]["position"]
    listed = await client.send(
        "OutsideEvents", filter={"sourceId": {"eq": till.id}}, afterPosition=receipt["position"]
    )
    assert [edge["node"]["eventId"] for edge in listed["edges"]] == [sent["eventId"]]
    (over_http,) = await till.answers(sent)
    assert over_http["status"] == "duplicate"
    nowhere = {"sourceId": str(uuid4()), "events": [sent]}
    assert (await client.send("IngestEvents", input=nowhere))["code"] == "not_found"


async def test_the_data_of_events_and_letters_is_sealed(shop: Sender, product: Product) -> None:
    word = f"zanzibar{uuid4().hex}"
    said = {"payload": {"note": word}}
    await shop.answers(event(data=said), event(data=said, userId="c-1"), event(data=said, eventId=word))
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        plain = await connection.fetchval(
            "select count(*) from es.events where strpos(payload::text, $1) > 0", word
        )
    finally:
        await connection.close()
    assert plain == 0


async def test_events_of_a_source_are_watched_by_type(shop: Sender, client: Client) -> None:
    paid_only = {"eventType": {"in": ["payment.received"]}}
    watching = client.watching("OutsideEventChanged", initial=True, filter=paid_only)
    async with watching as messages:
        state = await anext(messages)
        assert state.get("nodes") == [], state
        paid = event(eventType="payment.received")
        await shop.answers(event(), paid)
        change = await anext(messages)
    assert (change["kind"], change["node"]["eventId"]) == ("CREATED", paid["eventId"])


async def test_more_than_a_source_may_send_is_refused_with_the_time_to_wait(
    shop: Sender, product: Product
) -> None:
    few = replace(product.settings, ingest_events_per_second=10)
    async with running(few) as url, httpx.AsyncClient(base_url=url, timeout=120) as http:
        slow = Sender(http, shop.id, shop.key)
        assert len(await slow.answers(*[event() for _ in range(100)])) == 100
        response = await slow.send(event())
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "too_many_events"
    assert 1 <= int(response.headers["retry-after"]) <= 8


def test_a_rate_is_an_average_that_may_be_ahead_by_two_seconds() -> None:
    now = [100.0]
    rates = SourceRates(10, clock=lambda: now[0])
    rates.count("a", 20)
    rates.require("a")
    rates.count("a", 1)
    with pytest.raises(TooManyEvents) as refused:
        rates.require("a")
    assert refused.value.facts["retry_after"] == 1
    rates.require("b")
    now[0] += 0.2
    rates.require("a")
