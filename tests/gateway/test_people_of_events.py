"""People whom only events name: by which id they are known here, and what is nobody's."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.composition.write_side import written
from app.gateway.factory import gateway_ports
from app.gateway.ingestion import Ingestion
from app.gateway.stored_events import StoredEvents
from domain.gateway.bodies import read_value
from domain.gateway.cloud_events import STRUCTURED
from domain.gateway.events import person_of, subject_of
from domain.gateway.outcomes import EventStatus
from domain.identity.user_commands import EraseUser
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.privacy.nobody import is_nobody, nobody_of
from projections.kit.read.postgres_reader import PostgresRows
from tests.domain.sending import accepted
from tests.gateway.sending import Sender, event
from tests.gateway.test_cloud_events import cloud
from tests.kit.at_work import at_work
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product


def test_what_stands_for_nobody_is_told_from_people() -> None:
    thing = uuid4()
    assert is_nobody(nobody_of(thing, "day 2030-01-01"))
    assert nobody_of(thing, "a") == nobody_of(thing, "a") != nobody_of(thing, "b")
    assert not is_nobody(thing)
    assert not is_nobody(UUID("018f0000-0000-8000-8000-00000000000a"))


def test_an_id_in_any_spelling_is_that_person_and_what_only_looks_like_it_is_another() -> None:
    tenant, id = uuid4(), UUID("018f0000-0000-7000-8000-00000000000a")
    dashed = f"{str(id)[:-1]}-{str(id)[-1]}"
    spellings = [str(id), str(id).upper(), id.hex, id.hex.upper(), f"{{{id}}}", f"urn:uuid:{id}", dashed]
    assert {person_of(tenant, each) for each in spellings} == {id}
    # Python reads each of these as an id, the second as yet another one.
    others = [f"+{id.hex[1:]}", f"018f_{id.hex[5:]}", f"{id.hex[:-1]}\u0661"]
    assert len({id, *(person_of(tenant, other) for other in others)}) == 1 + len(others)


async def test_nothing_is_taken_of_who_was_erased_however_they_are_spelled(
    shop: Sender, client: Client, product: Product
) -> None:
    person = uuid4()
    names = [str(person), person.hex, str(person).upper(), f"urn:uuid:{person}"]

    async def statuses() -> list[str]:
        return [result["status"] for result in await shop.answers(*(event(userId=name) for name in names))]

    assert await statuses() == ["accepted"] * 4
    async with written(product.settings) as writes:
        await writes.ring.destroy(client.tenant, person)
    # In braces it is no name: what is rejected is about them all the same, and kept nowhere.
    (braced,) = await shop.answers(event(userId=f"{{{person}}}"))
    assert await statuses() == ["rejected"] * 4
    assert [each["rule"] for each in braced["violations"]] == ["envelope", "erased"]


async def test_keys_that_are_forgotten_while_events_are_stored_are_fetched_again(
    shop: Sender, client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.answers(first := event(userId="c-1"))
    by = Caller(tenant_id=client.tenant, user_id=client.user, permissions=ROLES["owner"])
    async with at_work(product.settings) as work:
        writes = work.writes
        ports = gateway_ports(product.settings, writes, PostgresRows(work.database, work.live))
        intake = next(port for port in ports if isinstance(port, Ingestion))
        same = StoredEvents.same

        async def forgetting(self: StoredEvents, *given: Any) -> Any:
            writes.ring._heard(client.tenant, None)  # Somebody has made a new key of the company.
            return await same(self, *given)

        monkeypatch.setattr(StoredEvents, "same", forgetting)
        other = read_value({**first, "data": {"payload": {"another": "event"}}})
        answers = await intake.take(by, UUID(shop.id), [other, read_value(event(userId="c-1"))])
    assert [answer.status for answer in answers] == [EventStatus.REJECTED, EventStatus.ACCEPTED]
    assert answers[0].letter_id is not None


async def test_who_is_misspelt_is_who_a_dead_letter_is_about(
    shop: Sender, client: Client, product: Product
) -> None:
    person = uuid4()
    users: list[Any] = [
        f" {person} ",
        [str(person)],
        {"id": person.hex},
        {str(person).upper(): 1},
        f"<{person}>",
    ]
    sent = await shop.send({**cloud(), "userid": [str(person)]}, **{"content-type": STRUCTURED})
    results = [*await shop.answers(*(event(userId=user) for user in users)), sent.json()]
    streams = [result["letterId"] for result in results]
    kept = [(await client.send("History", stream=id))["nodes"][0]["data"]["subjectId"] for id in streams]
    assert kept == [str(person)] * (len(users) + 1)
    async with written(product.settings) as writes:
        await writes.ring.destroy(client.tenant, person)
    (again,) = await shop.answers(event(userId=users[1]))
    assert "erased" in [each["rule"] for each in again["violations"]]


async def test_a_person_is_known_by_an_id_and_nobody_is_not_erased(shop: Sender, client: Client) -> None:
    named, nameless = event(userId="c-7"), event()
    *_, last = await shop.answers(named, nameless)
    filter = {"sourceId": {"eq": shop.id}, "eventId": {"in": [named["eventId"], nameless["eventId"]]}}
    found = await client.send("OutsideEvents", filter=filter, afterPosition=last["position"])
    people = {edge["node"]["eventId"]: edge["node"]["personId"] for edge in found["edges"]}
    assert people[nameless["eventId"]] is None
    nobody = str(subject_of(client.tenant, UUID(shop.id), None, datetime.now(UTC)))
    history = [
        (await client.send("History", stream=edge["node"]["id"]))["nodes"][0]["data"]["subjectId"]
        for edge in found["edges"]
    ]
    assert {*history} == {nobody, people[named["eventId"]]}
    refused = await client.send("EraseUser", input={"subjectId": nobody})
    assert (refused["code"], refused["field"]) == ("invalid", "subjectId")
    receipt = await client.send("EraseUser", input={"subjectId": people[named["eventId"]]})
    assert "position" in receipt


async def test_what_was_said_of_a_forgotten_person_is_null(
    product: Product, shop: Sender, client: Client
) -> None:
    (sent,) = await shop.answers(event(userId="c-7"))
    asked = {"filter": {"sourceId": {"eq": shop.id}}, "afterPosition": sent["position"]}

    async def shown() -> dict[str, Any]:
        [edge] = (await client.send("OutsideEvents", **asked))["edges"]
        node: dict[str, Any] = edge["node"]
        return node

    ann = await product.newcomer("Ann", tenant=client.tenant)

    async def user() -> Any:
        return await client.send("UserInDetail", id=ann.me)

    async def gone() -> bool:
        return (await shown())["data"] is None and (await user())["email"] is None

    async def folded() -> bool:
        return bool((await user())["status"] == "DELETED")

    before = await shown()
    assert before["data"]["metadata"] == {"channel": "web"}
    assert (await user())["email"]
    async with at_work(product.settings) as work:
        for person in (ann.user, UUID(before["personId"])):
            await work.writes.ring.destroy(client.tenant, person)
        await until(gone)
        assert (await user())["profile"]["firstName"] is None
        by = Caller(tenant_id=client.tenant, user_id=client.user, permissions=ROLES["owner"])
        await accepted(work.writes.bus, EraseUser(id=ann.user), by=by)
        await until(folded)
    # The view has forgotten it as well.
    found = await user()
    assert (found["email"], found["firstName"], found["profile"]) == (None, None, None)
