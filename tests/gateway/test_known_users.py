"""Sources whose events name users who are known: whom another event introduced, or a person of the tenant."""

from uuid import uuid4

import pytest

from app.composition.write_side import written
from domain.gateway.admission.known_users import introduced, introduces
from domain.gateway.envelope import IncomingEvent, read_event
from domain.gateway.events import person_of
from domain.kit.scenario import NOON
from tests.gateway.sending import Json, Sender, a_source, event, fault
from tests.kit.client import Client
from tests.kit.product import Product

UNKNOWN = ("user_exists", "unsuitable", ["userId"])


@pytest.fixture
async def strict(product: Product, client: Client) -> Sender:
    """A source that asks for users who are known."""
    source = await a_source(product, client)
    receipt = await client.send("ChangeSourceUsers", input={"id": source.id, "users": "KNOWN"})
    assert receipt["source"]["users"] == "KNOWN"
    return source


def registered(user: str, **more: object) -> Json:
    return event(eventType="user.registered", data={"payload": {"userId": user}}, **more)


def read(value: Json) -> IncomingEvent:
    found = read_event(value, NOON.replace(year=2100))
    assert isinstance(found, IncomingEvent)
    return found


@pytest.mark.parametrize(
    ("sent", "user"),
    [
        (registered("c-7", userId="admin"), "c-7"),
        (event(eventType="user.created", userId="c-7", data={"payload": {}}), "c-7"),
        (registered("not a reference", userId="c-7"), "c-7"),
    ],
    ids=["the one of its payload", "or whom it names", "if that can name nobody"],
)
def test_a_user_is_introduced_by_a_registration(sent: Json, user: str) -> None:
    assert introduces(read(sent))
    assert introduced(read(sent)) == user
    assert not introduces(read(event(userId=user)))


async def test_anybody_may_be_named_unless_the_source_asks(shop: Sender, strict: Sender) -> None:
    (taken,) = await shop.answers(event(userId="c-1"))
    assert taken["status"] == "accepted"
    # That somebody was named introduces nobody.
    unknown, nameless = await strict.answers(event(userId="c-1"), event())
    assert fault(unknown) == UNKNOWN
    assert nameless["status"] == "accepted"


async def test_who_was_introduced_is_known_to_every_source_of_the_tenant(
    shop: Sender, strict: Sender
) -> None:
    first, again = await shop.answers(registered("c-2"), registered("c-2"))
    assert (first["status"], again["status"]) == ("accepted", "accepted")
    results = await strict.answers(event(userId="c-2"), event(userId="c-3"), registered("c-4", userId="c-3"))
    assert [result["status"] for result in results] == ["accepted", "rejected", "accepted"]


async def test_in_one_batch_those_before_introduce_and_those_after_do_not(strict: Sender) -> None:
    taken, bad = registered("c-5"), registered("c-6")
    bad["data"]["payload"]["email"] = "nobody"
    sent = [event(userId="c-5"), taken, event(userId="c-5"), bad, event(userId="c-6"), taken]
    statuses = [result["status"] for result in await strict.answers(*sent)]
    assert statuses == ["rejected", "accepted", "accepted", "rejected", "rejected", "duplicate"]


async def test_what_came_before_the_source_asked_is_a_duplicate(shop: Sender, client: Client) -> None:
    before = event(userId="c-20")
    await shop.answers(before)
    await client.send("ChangeSourceUsers", input={"id": shop.id, "users": "KNOWN"})
    new, again = await shop.answers(event(userId="c-20"), before)
    assert [new["status"], again["status"]] == ["rejected", "duplicate"]


async def test_what_is_a_conflict_introduces_nobody(strict: Sender) -> None:
    sent = event()
    other = registered("c-8") | {"eventId": sent["eventId"]}
    accepted, conflict, unknown = await strict.answers(sent, other, event(userId="c-8"))
    assert accepted["status"] == "accepted"
    assert fault(conflict) == ("conflict", "unsuitable", ["eventId"])
    assert fault(unknown) == UNKNOWN


async def test_a_person_of_the_tenant_is_known_by_their_id(strict: Sender, client: Client) -> None:
    results = await strict.answers(event(userId=str(client.me).upper()), event(userId=str(uuid4())))
    assert [result["status"] for result in results] == ["accepted", "rejected"]


async def test_its_letters_come_in_once_the_user_is_there(strict: Sender, client: Client) -> None:
    (rejected,) = await strict.answers(event(userId="c-9"))
    letter = rejected["letterId"]
    (seen,) = await strict.answers(registered("c-9"))
    await client.send("DeadLetter", id=letter, afterPosition=seen["position"])
    replayed = await client.send("ReplayDeadLetter", input={"id": letter})
    assert replayed["result"]["status"] == "ACCEPTED"


async def test_nobody_can_tell_who_was_known_and_who_was_erased_is_so_no_more(
    strict: Sender, client: Client, product: Product
) -> None:
    await strict.answers(registered("c-10", userId="c-10"))
    person = person_of(client.tenant, "c-10")
    async with written(product.settings) as writes:
        held = await writes.database.writer.fetch(
            "select value, originator_id from es.reservations where tenant_id = $1 and name = 'gateway.user'",
            client.tenant,
        )
        await writes.ring.destroy(client.tenant, person)
    assert [row["originator_id"] == person or "c-10" in row["value"] for row in held] == [False]
    for sent in (event(userId="c-10"), registered("c-10", userId="c-10")):
        (refused,) = await strict.answers(sent)
        assert fault(refused)[0] == "erased"


async def test_who_was_introduced_by_an_id_is_known_in_its_other_spellings_until_they_are_erased(
    strict: Sender, client: Client, product: Product
) -> None:
    person = uuid4()
    await strict.answers(registered(str(person), userId=str(person)))

    async def statuses() -> list[str]:
        named = (person.hex, f"urn:uuid:{person}", uuid4().hex)
        return [result["status"] for result in await strict.answers(*(event(userId=name) for name in named))]

    assert await statuses() == ["accepted", "accepted", "rejected"]
    async with written(product.settings) as writes:
        await writes.ring.destroy(client.tenant, person)
    assert await statuses() == ["rejected"] * 3


async def test_users_are_asked_about_together_and_only_where_the_source_asks(
    product: Product, shop: Sender, strict: Sender
) -> None:
    asked = {}
    for sender in (shop, strict):
        before = len(product.statements)
        users = [registered(f"c-{number}") for number in range(100, 120)]
        sent = [*users, *(event(userId=f"c-{number}") for number in range(100, 130))]
        answers = await sender.answers(*sent)
        statements = product.statements[before:]
        asked[sender.id] = [
            sum(table in each for each in statements) for table in ("es.reservations", "es.streams\n")
        ]
        accepted = sum(answer["status"] == "accepted" for answer in answers)
        assert accepted == (50 if sender is shop else 40)
    # The second time it is of those whom the batch introduces; those of the first batch are known.
    assert asked == {shop.id: [0, 0], strict.id: [1, 1]}
