"""What providers of mail tell: signed by them, each thing once, and no address anywhere."""

import base64
import json
import time
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.gateway.callbacks.mail_notices import MESSAGE, MailOutcome
from domain.gateway.events import stream_of
from tests.gateway.callbacks import Json, Provider, a_provider
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.payments.conftest import Recorder, recorder

__all__ = ["recorder"]

from tests.gateway.mail_notices import nowhere, told

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ADDRESS = "grace.hopper@navy.example"


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    """The verification key as SendGrid shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed(body: bytes, key: ec.EllipticCurvePrivateKey = KEY, *, ago: float = 0) -> dict[str, str]:
    """As SendGrid signs it."""
    seconds = str(int(time.time() - ago))
    signature = key.sign(seconds.encode() + body, ec.ECDSA(SHA256()))
    return {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": seconds,
    }


def happened(event: str, message: UUID | None = None, **more: Any) -> Json:
    """An event as SendGrid writes it."""
    return {
        "email": ADDRESS,
        "timestamp": int(time.time()) - 5,
        "smtp-id": f"<{uuid4().hex}@mail.example>",
        "event": event,
        "ip": "203.0.113.7",
        "useragent": "Mozilla/5.0",
        "sg_event_id": f"sendgrid-{uuid4().hex}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **({MESSAGE: str(message)} if message else {}),
        **more,
    }


async def sent(provider: Provider, *events: Json) -> Json:
    """What is answered to a list of SendGrid's."""
    body = json.dumps(events).encode()
    response = await provider.post(body, signed(body))
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def test_sendgrid_tells_many_things_at_once_and_each_counts_once(
    product: Product, client: Client, recorder: Recorder
) -> None:
    sendgrid = await a_provider(product, client, "SENDGRID", secret=shown(KEY))
    message = uuid4()
    events = [
        happened("bounce", message, type="bounce", status="5.1.1", reason=f"550 no {ADDRESS} here"),
        happened("bounce", type="blocked", status="4.7.1"),
        happened("open", message, sg_machine_open=True),
        happened("click", message, url="https://shop.example/?token=secret"),
        happened("spamreport"),
        happened("a_kind_to_come"),
    ]
    answer = await sent(sendgrid, *events, events[0])
    assert answer == {"status": "accepted", "events": 7}
    assert (await sent(sendgrid, *events))["status"] == "duplicate"
    types: list[str] = []

    async def all_are_listed() -> bool:
        found = await client.send("OutsideEvents", filter={"sourceId": {"eq": sendgrid.source}}, first=20)
        types[:] = sorted(edge["node"]["eventType"] for edge in found["edges"])
        return len(types) >= len(events)

    await until(all_are_listed)
    assert types == [
        "email.bounced",
        "email.bounced",
        "email.clicked",
        "email.complained",
        "email.opened",
        "email.other",
    ]
    ids = [uuid5(UUID(sendgrid.source), f"callback {event['sg_event_id']}") for event in events]
    notices = [await told(recorder, client, sendgrid.source, id) for id in ids[:5]]
    assert [(each.outcome, each.permanent, each.machine, each.message_id) for each in notices] == [
        (MailOutcome.BOUNCED, True, False, message),
        (MailOutcome.BOUNCED, False, False, None),
        (MailOutcome.OPENED, False, True, message),
        (MailOutcome.CLICKED, False, False, message),
        (MailOutcome.COMPLAINED, False, False, None),
    ]
    assert (notices[0].status, len({each.address for each in notices})) == ("5.1.1", 1)
    seen = await client.send("OutsideEvent", id=str(stream_of(UUID(sendgrid.source), ids[0])))
    payload = seen["data"]["payload"]
    assert payload["messageId"] == str(message)
    text = json.dumps(seen)
    assert not [word for word in (ADDRESS, "203.0.113.7", "Mozilla", "secret") if word in text]
    await nowhere(product, ADDRESS)


async def test_what_has_no_id_counts_once_as_well_and_what_is_no_event_is_a_dead_letter(
    product: Product, client: Client
) -> None:
    sendgrid = await a_provider(product, client, "SENDGRID", secret=shown(KEY))
    for id in (None, "", "a\u0000b", 1, "x" * 300):
        spam = happened("spamreport", sg_event_id=id, email=f"{uuid4().hex}@example.com")
        answers = [await sent(sendgrid, spam) for _ in range(2)]
        assert [each["status"] for each in answers] == ["accepted", "duplicate"]
        await nowhere(product, spam["email"])
    for body in (b"{}", b"null", b"1"):
        response = await sendgrid.post(body, signed(body))
        assert response.status_code == 200, response.text

    async def kept() -> bool:
        letters = await client.send("DeadLetters", filter={"sourceId": {"eq": sendgrid.source}})
        return len(letters["edges"]) == 3

    await until(kept)


async def test_what_sendgrid_did_not_sign_is_refused(product: Product, client: Client) -> None:
    sendgrid = await a_provider(product, client, "SENDGRID", secret=shown(KEY))
    body = json.dumps([happened("bounce", type="bounce")]).encode()
    tries = [
        (body, {}),
        (body, signed(body, OTHER)),
        (body, signed(body, ago=400)),
        (body + b" ", signed(body)),
        (body, {**signed(body), "x-twilio-email-event-webhook-signature": "AAAA"}),
    ]
    assert [(await sendgrid.post(*each)).status_code for each in tries] == [401] * len(tries)
    # A new key is good beside the former one.
    rotated = await client.send("RotateSourceSecret", input={"id": sendgrid.source, "secret": shown(OTHER)})
    assert rotated["source"]["formerSecretUntil"] is not None
    answers = [await sendgrid.post(body, signed(body, key)) for key in (KEY, OTHER)]
    assert [each.json()["status"] for each in answers] == ["accepted", "duplicate"]
    for input in ({"secret": "not a key at all"}, {"secret": shown(KEY)[:-8]}):
        for mutation, more in (("ConnectSource", {"provider": "SENDGRID"}), ("RotateSourceSecret", {})):
            refused = await client.send(mutation, input={"id": sendgrid.source, **input, **more})
            assert (refused["code"], refused["field"]) == ("invalid", "secret")


async def test_odd_lists_of_sendgrid_lose_none_of_their_neighbours(product: Product, client: Client) -> None:
    sendgrid = await a_provider(product, client, "SENDGRID", secret=shown(KEY))
    good = happened("delivered", timestamp=10**18, status=7, email="no address")
    assert await sent(sendgrid, cast(Json, 1), cast(Json, None), {}, {"sg_event_id": "\0"}, good) == {
        "status": "accepted",
        "events": 3,
    }
    assert (await sent(sendgrid, good))["status"] == "duplicate"
    assert (await sendgrid.post(b"[]", signed(b"[]"))).json() == {"status": "duplicate", "events": 0}
    many = json.dumps([happened("processed") for _ in range(1200)]).encode()
    assert (await sendgrid.post(many, signed(many))).json() == {"status": "accepted", "events": 1200}
