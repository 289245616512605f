"""Dead letters: what is rejected is kept, corrected, replayed or discarded."""

import json
from typing import Any
from uuid import uuid4

import pytest

from projections.kit.read.allowance import allow
from tests.gateway.sending import Json, Sender, a_source, event
from tests.kit.client import Client
from tests.kit.product import Product


async def letters(client: Client, shop: Sender, **filter: object) -> list[Json]:
    """The dead letters of a source, when all that was sent before is in the view."""
    (last,) = await shop.answers(event())
    listed = await client.send(
        "DeadLetters", filter={"sourceId": {"eq": shop.id}, **filter}, afterPosition=last["position"]
    )
    return [edge["node"] for edge in listed["edges"]]


async def settled(client: Client, shop: Sender) -> None:
    await letters(client, shop)


async def test_a_letter_says_what_was_sent_and_what_is_wrong(shop: Sender, client: Client) -> None:
    bad = event(eventId="x", userId=7)
    (rejected,) = await shop.answers(bad)
    (letter,) = await letters(client, shop)
    assert json.loads(letter.pop("raw")) == bad
    assert letter == {
        "id": rejected["letterId"],
        "eventId": None,
        "eventType": "order.created",
        "cut": False,
        "form": "EVENT",
        "importId": None,
        "fileLine": None,
        "fileColumn": None,
        "rule": "envelope",
        "code": "format",
        "path": ["eventId"],
        "message": rejected["violations"][0]["message"],
        "violations": 2,
        "receivedAt": letter["receivedAt"],
        "status": "OPEN",
        "closedAt": None,
        "source": letter["source"],
    }
    assert [violation["path"] for violation in rejected["violations"]] == [["eventId"], ["userId"]]


async def test_the_same_fault_again_is_the_same_letter(shop: Sender, client: Client) -> None:
    bad = event(eventId="x")
    first, second = await shop.answers(bad, bad)
    (third,) = await shop.answers(bad)
    assert first["letterId"] == second["letterId"] == third["letterId"]
    assert len(await letters(client, shop)) == 1


async def test_a_letter_is_corrected_and_let_in(shop: Sender, client: Client) -> None:
    bad = event(timestamp="2022-02-03T11:47:43")
    (rejected,) = await shop.answers(bad)
    await settled(client, shop)
    id = rejected["letterId"]
    as_it_was = await client.send("ReplayDeadLetter", input={"id": id})
    assert as_it_was["result"]["status"] == "REJECTED"
    assert as_it_was["result"]["letterId"] is None
    good = json.dumps({**bad, "timestamp": "2022-02-03T11:47:43+01:00"})
    receipt = await client.send("ReplayDeadLetter", input={"id": id, "event": good})
    assert (receipt["result"]["status"], receipt["result"]["eventId"]) == ("ACCEPTED", bad["eventId"])
    assert await letters(client, shop) == []
    (closed,) = await letters(client, shop, status={"in": ["REPLAYED"]})
    assert (closed["id"], closed["status"]) == (id, "REPLAYED")
    assert (await client.send("ReplayDeadLetter", input={"id": id}))["code"] == "already_replayed"
    again = await client.send("ReplayDeadLetter", input={"id": id, "event": good})
    assert (again["result"]["status"], again["result"]["position"]) == (
        "DUPLICATE",
        receipt["result"]["position"],
    )
    assert (await shop.answers(json.loads(good)))[0]["status"] == "duplicate"


async def test_letters_are_counted_first_and_replayed_together(product: Product, client: Client) -> None:
    till = await a_source(product, client, scopes=["payment"])
    orders = [event() for _ in range(3)]
    await till.answers(*orders, event(eventId="x", eventType="payment.received"))
    payment = event(eventType="payment.received")
    position = (await till.answers(payment))[0]["position"]
    await client.send("DeadLetters", afterPosition=position)
    # What a key may not send, who replays it may.
    input = {"sourceId": till.id, "rule": "scope"}
    counted = await client.send("ReplayDeadLetters", input=input)
    assert counted == {"matched": 3, "replayed": 0, "rejected": 0}
    done = await client.send("ReplayDeadLetters", input={**input, "dryRun": False})
    assert done == {"matched": 3, "replayed": 3, "rejected": 0}
    person = Sender(product.http, till.id, client.token)
    response = await product.http.post(
        f"/v1/events?source={till.id}",
        json=orders,
        headers={"authorization": f"Bearer {person.key}"},
    )
    assert [result["status"] for result in response.json()["results"]] == ["duplicate"] * 3
    left = await client.send("ReplayDeadLetters", input={"sourceId": till.id, "dryRun": False})
    assert left["rejected"] == 1


async def test_letters_are_replayed_whose_texts_are_more_than_may_be_read_at_once(
    product: Product, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = await a_source(product, client, scopes=["payment"])
    sent = [event(data={"payload": {"text": "x" * 40_000}}) for _ in range(60)]
    for place in range(0, 60, 20):
        await till.answers(*sent[place : place + 20])
    (last,) = await till.answers(event(eventType="payment.received"))
    await client.send("DeadLetters", first=1, afterPosition=last["position"])
    monkeypatch.setattr("app.gateway.letters.letter_replay._READ", 10)
    monkeypatch.setattr("api.kit.execution.engine.allow", lambda size, seconds: allow(1_500_000))
    done = await client.send("ReplayDeadLetters", input={"sourceId": till.id, "dryRun": False})
    assert done == {"matched": 60, "replayed": 60, "rejected": 0}


async def test_a_letter_is_discarded(shop: Sender, client: Client) -> None:
    (rejected,) = await shop.answers(event(eventId="x"))
    await settled(client, shop)
    receipt = await client.send("DiscardDeadLetter", input={"id": rejected["letterId"]})
    assert receipt["deadLetter"]["status"] == "DISCARDED"
    assert await letters(client, shop) == []
    assert (await client.send("ReplayDeadLetter", input={"id": rejected["letterId"]}))["code"] == "not_found"


async def test_a_letter_that_was_cut_is_replayed_as_a_corrected_text_alone(
    shop: Sender, client: Client
) -> None:
    (rejected,) = await shop.answers(event(data={"payload": {"text": "x" * 70_000}}))
    (letter,) = await letters(client, shop)
    assert (letter["cut"], len(letter["raw"])) == (True, 65_536)
    refused = await client.send("ReplayDeadLetter", input={"id": rejected["letterId"]})
    assert refused["code"] == "letter_was_cut"
    good = {"id": rejected["letterId"], "event": json.dumps(event())}
    assert (await client.send("ReplayDeadLetter", input=good))["result"]["status"] == "ACCEPTED"


async def test_who_may_not_write_replays_nothing(shop: Sender, product: Product, client: Client) -> None:
    (rejected,) = await shop.answers(event(eventId="x"))
    member = product.client(client.tenant, uuid4(), role="member")
    for operation, input in (
        ("ReplayDeadLetter", {"id": rejected["letterId"]}),
        ("ReplayDeadLetters", {}),
        ("DiscardDeadLetter", {"id": rejected["letterId"]}),
    ):
        assert (await member.error(operation, input=input))[0] == "FORBIDDEN"


async def test_members_see_neither_payloads_nor_what_was_rejected(
    shop: Sender, product: Product, client: Client
) -> None:
    await shop.answers(event(eventId="x"))
    assert len(await letters(client, shop)) == 1
    member = product.client(client.tenant, uuid4(), role="member")
    (shown,) = (await member.send("DeadLetters"))["edges"]
    assert shown["node"]["raw"] == "{***"
    (seen,) = (await member.send("OutsideEvents"))["edges"]
    assert seen["node"]["data"] is None


async def test_so_many_letters_are_kept_of_a_source_and_day(
    shop: Sender, monkeypatch: Any, client: Client
) -> None:
    monkeypatch.setattr("app.gateway.ingestion.MOST_A_DAY", 2)
    results = await shop.answers(*(event(eventId=f"x{number}") for number in range(4)))
    assert [bool(result["letterId"]) for result in results] == [True, True, False, False]
    assert {result["status"] for result in results} == {"rejected"}
    assert len(await letters(client, shop)) == 2


async def test_the_same_letter_again_counts_once_for_the_day(
    shop: Sender, monkeypatch: Any, client: Client
) -> None:
    monkeypatch.setattr("app.gateway.ingestion.MOST_A_DAY", 4)
    bad = event(eventId="x")
    for _ in range(4):
        await shop.answers(bad)
    (other,) = await shop.answers(event(eventId="y"))
    assert other["letterId"]
    assert len(await letters(client, shop)) == 2


async def test_what_is_kept_of_a_list_is_what_was_sent(shop: Sender, client: Client) -> None:
    good = json.dumps(event())
    bad = good.replace('"payload": {', '"payload": {"amount": 1, "amount": 1000, "big": 1e400, ')
    assert bad != good
    (rejected,) = (await shop.send(f"[ {bad} ]".encode())).json()["results"]
    (letter,) = await letters(client, shop)
    assert (letter["raw"], letter["cut"]) == (bad, False)
    again = await client.send("ReplayDeadLetter", input={"id": rejected["letterId"]})
    assert again["result"]["status"] == "REJECTED"


async def test_what_is_no_text_is_replayed_as_a_corrected_text_alone(shop: Sender, client: Client) -> None:
    line = json.dumps(event(data={"payload": {"name": "Muller"}})).encode().replace(b"Mu", b"M\xfc")
    response = await shop.send(line + b"\n", **{"content-type": "application/x-ndjson"})
    rejected = json.loads(response.text)
    assert rejected["status"] == "rejected"
    (letter,) = await letters(client, shop)
    assert letter["cut"]
    refused = await client.send("ReplayDeadLetter", input={"id": rejected["letterId"]})
    assert refused["code"] == "letter_was_cut"
    done = await client.send("ReplayDeadLetters", input={"sourceId": shop.id, "dryRun": False})
    assert (done["replayed"], done["rejected"]) == (0, 1)


async def test_what_is_no_word_is_told_to_the_sender_and_kept_sealed_alone(
    shop: Sender, client: Client
) -> None:
    sent = event(**{"ada@private.example": 1})
    typed = event(eventType="Ada Andersson, born 1970")
    first, second = await shop.answers(sent, typed)
    assert first["violations"][0]["path"] == ["ada@private.example"]
    by_id = {letter["id"]: letter for letter in await letters(client, shop)}
    unknown, named = by_id[first["letterId"]], by_id[second["letterId"]]
    assert (unknown["path"], unknown["message"]) == (["…"], "… is no member of an event.")
    assert named["eventType"] is None
    assert json.loads(named["raw"]) == typed


async def test_letters_are_as_long_as_events(shop: Sender, client: Client) -> None:
    long = event(eventType="nonsense", data={"payload": {"text": "漢" * 15_000}})
    await shop.answers(long)
    (letter,) = await letters(client, shop)
    assert (letter["cut"], json.loads(letter["raw"])) == (False, long)
