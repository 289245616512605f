"""Ids that are written in capitals are the ids that they are: at every door, and for whoever asks by them."""

from uuid import uuid4

from domain.gateway.cloud_events import STRUCTURED
from domain.gateway.sources import Source
from domain.gateway.webhook_terms import WebhookTerms
from domain.kit.ids import spelled
from tests.gateway.sending import Json, Sender, event
from tests.gateway.test_cloud_events import cloud
from tests.kit.client import Client

NAMES = ("eventId", "correlationId", "userId", "sessionId")


def shouted(sent: Json) -> Json:
    return {name: each.upper() if name in NAMES else each for name, each in sent.items()}


def test_what_is_no_uuid_stays_as_it_is() -> None:
    id = str(uuid4())
    assert [spelled(text) for text in (id, id.upper(), "C-7", id.upper() + "A")] == [
        id,
        id,
        "C-7",
        id.upper() + "A",
    ]


def test_a_webhook_is_for_what_names_an_id_however_its_condition_spells_it() -> None:
    revoked, type = Source.KeyRevoked(key_id=uuid4()), Source.KeyRevoked.stored_as
    for text, covered in ((str(revoked.key_id).upper(), True), (str(uuid4()), False)):
        terms = WebhookTerms(types=("gateway.source",), conditions=(f"keyId={text}",))
        assert terms.cover(type, revoked) is covered


async def test_an_event_with_its_ids_in_capitals_is_the_same_event(shop: Sender, client: Client) -> None:
    sent = event(**{name: str(uuid4()) for name in NAMES})
    results = await shop.answers(shouted(sent), sent, shouted(sent), {**sent, "userId": "c-7"})
    assert [result["status"] for result in results] == ["accepted", "duplicate", "duplicate", "rejected"]
    by_graphql = await client.send("IngestEvents", input={"sourceId": shop.id, "events": [sent]})
    assert [result["status"] for result in by_graphql["results"]] == ["DUPLICATE"]


async def test_what_is_asked_for_in_capitals_is_found(shop: Sender, client: Client) -> None:
    user, order, session, together = (str(uuid4()) for _ in range(4))
    named = {"correlationId": together, "userId": user, "sessionId": session}
    sent = shouted(event(**named, data={"payload": {"orderId": order.upper()}}))
    (accepted,) = await shop.answers(sent)
    for field, id in {
        "userRef": user,
        "orderRef": order,
        "sessionRef": session,
        "correlationId": together,
    }.items():
        filter = {field: {"in": [id.upper()]}}
        found = await client.send("OutsideEvents", filter=filter, afterPosition=accepted["position"])
        assert len(found["edges"]) == 1, field
    for by, id in {"USER": user, "ORDER": order, "SESSION": session, "CORRELATION": together}.items():
        related = await client.send("RelatedEvents", by=by, value=id.upper())
        assert len(related["edges"]) == 1, by


async def test_cloud_events_are_told_apart_by_texts_and_not_by_how_a_uuid_is_written(shop: Sender) -> None:
    id, sent = str(uuid4()), cloud()
    statuses = [
        (await shop.send({**sent, "id": each}, **{"content-type": STRUCTURED})).json()["status"]
        for each in (id.upper(), id, "order-a", "order-A")
    ]
    assert statuses == ["accepted", "duplicate", "accepted", "accepted"]


async def test_a_user_is_found_by_any_spelling_of_their_id_and_shown_as_they_were_sent(
    shop: Sender, client: Client
) -> None:
    user = uuid4()
    spellings = [str(user), user.hex, f"urn:uuid:{user}"]
    sent = await shop.answers(*(event(userId=each) for each in spellings))
    after = sent[-1]["position"]
    asked = """query($user: String!, $after: Position) {
      relatedEvents(by: USER, value: $user, afterPosition: $after) { nodes { userRef personId } }
      outsideUserEvents(user: $user, afterPosition: $after) { nodes { userRef } }
      outsideEvents(filter: {userRef: {eq: $user}}, afterPosition: $after) { totalCount }
      outsideEntities(filter: {userRef: {eq: $user}}, afterPosition: $after) { nodes { ref events } }
      eventCounts(filter: {userRef: {eq: $user}}, afterPosition: $after) { nodes { userRef events } }
    }"""
    for each in (*spellings, f"{{{user}}}"):
        found = (await client.post(asked, {"user": each, "after": after})).json()["data"]
        assert {node["personId"] for node in found["relatedEvents"]["nodes"]} == {str(user)}
        for name in ("relatedEvents", "outsideUserEvents"):
            assert sorted(node["userRef"] for node in found[name]["nodes"]) == sorted(spellings), name
        assert found["outsideEvents"]["totalCount"] == 3
        assert {"ref": str(user), "events": 3} in found["outsideEntities"]["nodes"]
        assert found["eventCounts"]["nodes"] == [{"userRef": str(user), "events": 3}]
