"""Dead letters are closed once: with one event at the most, and what is rejected later is another letter."""

import asyncio
import json
from uuid import uuid4

import pytest

from tests.gateway.sending import Json, Sender, event
from tests.gateway.test_letters import letters
from tests.kit.client import Client
from tests.kit.product import Product

CLOUD = {"content-type": "application/cloudevents+json"}


async def rejected(shop: Sender) -> tuple[Json, str]:
    """A bad event, and its letter."""
    bad = event(eventId="x")
    (answer,) = await shop.answers(bad)
    return bad, answer["letterId"]


async def known(client: Client, shop: Sender, ids: list[str]) -> list[str]:
    """Those of the events of a source that are in the log, by the ids that it gave them."""
    (last,) = await shop.answers(event())
    found = await client.send("OutsideEvents", first=50, afterPosition=last["position"])
    return [edge["node"]["eventId"] for edge in found["edges"] if edge["node"]["eventId"] in ids]


async def test_a_letter_that_is_corrected_in_several_ways_at_once_becomes_one_event(
    shop: Sender, client: Client
) -> None:
    bad, id = await rejected(shop)
    ids = [str(uuid4()) for _ in range(6)]
    inputs = [{"id": id, "event": json.dumps({**bad, "eventId": each})} for each in ids]
    answers = await asyncio.gather(*(client.send("ReplayDeadLetter", input=each) for each in inputs))
    accepted = [each["result"]["eventId"] for each in answers if "result" in each]
    assert [each["code"] for each in answers if "code" in each] == ["already_replayed"] * 5
    assert accepted == await known(client, shop, ids)
    # Who asks the same again is answered alike, and nothing else comes in.
    again = [await client.send("ReplayDeadLetter", input=each) for each in inputs]
    assert [each["result"]["status"] for each in again if "result" in each] == ["DUPLICATE"]
    assert accepted == await known(client, shop, ids)


async def test_a_letter_that_somebody_else_has_closed_by_the_same_event_is_closed(
    product: Product, shop: Sender, client: Client
) -> None:
    good = event()
    _, id = await rejected(shop)
    await shop.answers(good)
    await letters(client, shop)
    other = product.client(client.tenant, uuid4())
    replay = {"id": id, "event": json.dumps(good)}
    await product.worker.pause()
    try:
        # Both find it open.
        answers = [await each.send("ReplayDeadLetter", input=replay) for each in (client, other)]
    finally:
        await product.worker.start()
    assert [each["result"]["status"] for each in answers] == ["DUPLICATE"] * 2


async def test_whatever_else_a_replayed_letter_is_sent_as_it_was_replayed_already(
    product: Product, shop: Sender, client: Client
) -> None:
    known_by_another_id = event()
    bad, id = await rejected(shop)
    await shop.answers(known_by_another_id)
    await letters(client, shop)
    good = {**bad, "eventId": str(uuid4())}
    others = [{**good, "userId": "another"}, bad, known_by_another_id, event(), {"eventId": "x"}]

    async def replayed(sent: Json) -> Json:
        answer: Json = await client.send("ReplayDeadLetter", input={"id": id, "event": json.dumps(sent)})
        return answer

    await product.worker.pause()
    try:
        assert (await replayed(good))["result"]["status"] == "ACCEPTED"
        # The view takes it for an open one.
        assert [(await replayed(other)).get("code") for other in others] == ["already_replayed"] * 5
        together = await client.send("ReplayDeadLetters", input={"sourceId": shop.id})
        assert (together["matched"], together["replayed"], together["rejected"]) == (1, 0, 0)
        assert (await replayed(good))["result"]["status"] == "DUPLICATE"
    finally:
        await product.worker.start()
    assert await letters(client, shop) == []
    assert [(await replayed(other)).get("code") for other in others] == ["already_replayed"] * 5
    assert (await replayed(good))["result"]["status"] == "DUPLICATE"


async def test_a_letter_that_is_discarded_meanwhile_is_not_let_in(shop: Sender, client: Client) -> None:
    for _ in range(3):
        bad, id = await rejected(shop)
        await letters(client, shop)
        good = str(uuid4())
        replay = {"id": id, "event": json.dumps({**bad, "eventId": good})}
        discarded, replayed = await asyncio.gather(
            client.send("DiscardDeadLetter", input={"id": id}), client.send("ReplayDeadLetter", input=replay)
        )
        came_in = bool(await known(client, shop, [good]))
        assert came_in == ("result" in replayed) == ("code" in discarded), (discarded, replayed)


async def test_what_is_rejected_again_once_its_letter_is_closed_is_another_letter(
    shop: Sender, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.ingestion._CLOSED_LETTERS", 2)
    bad, last = await rejected(shop)
    seen = {last}
    for number in range(4):
        await letters(client, shop)
        if number % 2:
            await client.send("DiscardDeadLetter", input={"id": last})
        else:
            good = json.dumps({**bad, "eventId": str(uuid4())})
            await client.send("ReplayDeadLetter", input={"id": last, "event": good})
        one, two = await shop.answers(bad, bad)
        assert number > 1 or one["letterId"] == two["letterId"]
        last = two["letterId"]
        assert last not in seen
        assert last in [letter["id"] for letter in await letters(client, shop)]
        seen |= {one["letterId"], last}


@pytest.mark.parametrize("binary", [False, True], ids=["structured", "binary"])
async def test_a_cloud_event_is_kept_under_its_person_and_replayed_as_one(
    shop: Sender, client: Client, binary: bool
) -> None:
    good = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.created"}
    bad = {**good, "userid": "c-7", "bad_name": "x", "data": {"orderId": "o-1"}}
    if binary:
        named = {f"ce-{name}": value for name, value in bad.items() if isinstance(value, str)}
        answer = await shop.send(bad["data"], **named)
    else:
        answer = await shop.send(json.dumps(bad).encode(), **CLOUD)
    assert answer.status_code == 422, answer.text
    assert answer.json()["violations"][0]["path"] == ["bad_name"]
    (letter,) = await letters(client, shop)
    assert (letter["form"], letter["eventType"]) == ("CLOUD_EVENT", "order.created")
    assert letter["eventId"] is not None
    kept = json.loads(letter["raw"])
    assert kept["bad_name"] == "x"
    again = await client.send("ReplayDeadLetter", input={"id": letter["id"]})
    assert (again["result"]["status"], again["result"]["violations"][0]["rule"]) == (
        "REJECTED",
        "cloudevents",
    )
    del kept["bad_name"]
    corrected = {"id": letter["id"], "event": json.dumps(kept)}
    done = await client.send("ReplayDeadLetter", input=corrected)
    assert (done["result"]["status"], done["result"]["eventId"]) == ("ACCEPTED", letter["eventId"])
    assert (await client.send("ReplayDeadLetter", input=corrected))["result"]["status"] == "DUPLICATE"


async def test_a_letter_of_a_cloud_event_is_about_the_person_whom_it_names(
    shop: Sender, client: Client
) -> None:
    person = str(uuid4())
    bad = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.created", "userid": person}
    for wrong in ({**bad, "specversion": "0.3"}, {**bad, "type": "Nonsense"}):
        answer = await shop.send(json.dumps(wrong).encode(), **CLOUD)
        history = await client.send("History", stream=answer.json()["letterId"])
        assert history["nodes"][0]["data"]["subjectId"] == person
