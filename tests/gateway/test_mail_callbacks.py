"""What providers of mail tell: signed by them, each thing once, and no address anywhere."""

import base64
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette

from api.kit.schema.services import Services
from app.gateway.callbacks.door import CallbackDoor
from app.gateway.callbacks.routes import callback_routes
from app.gateway.factory import gateway_ports
from app.gateway.ingestion import Ingestion
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.storage.certificates import make_certificates
from domain.gateway.callbacks.mail_notices import MESSAGE, MailNotice, MailOutcome
from domain.gateway.events import OutsideEvent, stream_of
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock
from tests.gateway.authorities import chain
from tests.gateway.callbacks import Json, Provider, a_provider
from tests.gateway.certificate_keepers import AUTHORITY, Keeper, answer, keeper
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder, recorder

__all__ = ["recorder"]

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ADDRESS = "grace.hopper@navy.example"
HOST, TOPIC = "sns.eu-west-1.amazonaws.com", "arn:aws:sns:eu-west-1:123456789012:mail"
SNS_KEY = rsa.generate_private_key(65537, 2048)


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


async def told(recorder: Recorder, client: Client, source: str, event_id: UUID) -> MailNotice:
    """What the log keeps beside an event."""
    stream = stream_of(UUID(source), event_id)
    (envelopes,) = (await recorder.writes.bus.log.streams(client.tenant, [stream])).values()
    event = recorder.writes.codec.decode(envelopes[1])
    assert isinstance(event, OutsideEvent.MailTold)
    return event.mail


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
    found = await client.send("OutsideEvents", filter={"sourceId": {"eq": sendgrid.source}}, first=20)
    types = sorted(edge["node"]["eventType"] for edge in found["edges"])
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
    await _nowhere(product, ADDRESS)


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
        "eventId": str(uuid5(UUID(sendgrid.source), f"callback {good['sg_event_id']}")),
        "position": (await sent(sendgrid, good))["position"],
    }
    for body in (b"{}", b"[]", b"1"):
        assert (await sendgrid.post(body, signed(body))).json() == {"status": "duplicate", "events": 0}
    many = json.dumps([happened("processed") for _ in range(1200)]).encode()
    assert (await sendgrid.post(many, signed(many))).json() == {"status": "accepted", "events": 1200}


@dataclass
class Sns:
    """A topic of SNS, and the door that it calls."""

    there: Keeper
    http: httpx.AsyncClient

    def message(self, type: str = "Notification", *, version: str = "2", **more: str) -> Json:
        """A message that SNS has signed, but for what is said otherwise."""
        now = datetime.now(UTC)
        path = f"SimpleNotificationService-{'0f' * 16}.pem"
        said = {
            "Type": type,
            "MessageId": str(uuid4()),
            "TopicArn": TOPIC,
            "Message": "{}",
            "Timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": f"https://{HOST}:{self.there.server.port}/{path}",
            **more,
        }
        order = ["Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{said[name]}\n" for name in order if name in said)
        digest = SHA1() if version == "1" else SHA256()
        signature = SNS_KEY.sign(text.encode(), PKCS1v15(), digest)
        return {**said, "Signature": base64.b64encode(signature).decode()}

    async def sent(self, path: str, message: Json) -> httpx.Response:
        return await self.http.post(path, content=json.dumps(message).encode())


@pytest.fixture
async def sns(
    product: Product, recorder: Recorder, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Sns]:
    settings, writes, rows = product.settings, recorder.writes, recorder.rows
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, {HOST: None})
    intake = next(each for each in gateway_ports(settings, writes, rows) if isinstance(each, Ingestion))
    secrets = SealedWebhookSecrets(settings.derive("webhook secrets"))
    certificate = chain(AUTHORITY.vouch(SNS_KEY, "sns.amazonaws.com"))
    async with keeper(folder, HOST, answer(certificate)) as there:
        own = CallbackDoor(
            intake,
            rows,
            secrets,
            there.certificates,
            there.client,
            writes.bus,
            writes.codec,
            SystemClock(),
        )

        async def place(by: Caller) -> Services:
            return cast(Services, SimpleNamespace(ports={CallbackDoor: own}))

        transport = httpx.ASGITransport(Starlette(routes=callback_routes(place)))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            yield Sns(there, http)


def bounce(message: UUID) -> str:
    """What SES says of a message that bounced."""
    return json.dumps(
        {
            "eventType": "Bounce",
            "mail": {"messageId": "0100017", "destination": [ADDRESS], "tags": {MESSAGE: [str(message)]}},
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "timestamp": "2026-01-01T00:00:00.000Z",
                "bouncedRecipients": [
                    {"emailAddress": ADDRESS, "status": "5.1.1", "diagnosticCode": f"550 {ADDRESS}"}
                ],
            },
        }
    )


async def test_ses_tells_by_a_topic_of_sns(
    product: Product, client: Client, recorder: Recorder, sns: Sns
) -> None:
    ses = await a_provider(product, client, "SES", providerWebhookId=TOPIC)
    message = uuid4()
    for version in ("1", "2"):
        said = sns.message(Message=bounce(message), version=version)
        answers = [await sns.sent(ses.path, said) for _ in range(2)]
        assert [each.json()["status"] for each in answers] == ["accepted", "duplicate"], answers[0].text
    notice = await told(recorder, client, ses.source, UUID(answers[0].json()["eventId"]))
    assert (notice.outcome, notice.permanent, notice.message_id, notice.status) == (
        MailOutcome.BOUNCED,
        True,
        message,
        "5.1.1",
    )
    assert notice.address
    await _nowhere(product, ADDRESS)


async def test_a_subscription_is_confirmed_at_sns_alone(product: Product, client: Client, sns: Sns) -> None:
    ses = await a_provider(product, client, "SES", providerWebhookId=TOPIC)
    asked = f"/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
    host = f"https://{HOST}:{sns.there.server.port}"
    confirm = sns.message("SubscriptionConfirmation", SubscribeURL=host + asked, Token="abc")
    assert (await sns.sent(ses.path, confirm)).json() == {"status": "duplicate", "events": 0}
    targets = [received.target for received in sns.there.server.received]
    assert targets[-1] == asked
    for url in (
        f"https://evil.example:{sns.there.server.port}{asked}",
        host + asked.replace("ConfirmSubscription", "Unsubscribe"),
        host + asked.replace(TOPIC, TOPIC + "2"),
        f"http://{HOST}{asked}",
    ):
        response = await sns.sent(
            ses.path, sns.message("SubscriptionConfirmation", SubscribeURL=url, Token="a")
        )
        assert response.status_code == 200
    assert [received.target for received in sns.there.server.received] == targets


async def test_what_sns_did_not_sign_is_refused(product: Product, client: Client, sns: Sns) -> None:
    ses = await a_provider(product, client, "SES", providerWebhookId=TOPIC)
    good = sns.message(Message=bounce(uuid4()))
    late = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    port = sns.there.server.port
    name = f"SimpleNotificationService-{'0f' * 16}.pem"
    tries: list[Json] = [
        {**good, "Message": bounce(uuid4())},
        {**good, "Type": "Notice"},
        {**good, "Signature": "AAAA"},
        {**good, "SignatureVersion": "1"},
        sns.message(TopicArn=TOPIC + "2"),
        sns.message(Timestamp=late),
        sns.message(SigningCertURL=f"https://s3.amazonaws.com:{port}/{name}"),
        sns.message(SigningCertURL=f"https://sns.eu-west-1.amazonaws.com.evil.example:{port}/{name}"),
        sns.message(SigningCertURL=f"https://{HOST}:{port}/other/{name}"),
        sns.message(SigningCertURL=f"http://{HOST}:{port}/{name}"),
    ]
    assert [(await sns.sent(ses.path, each)).status_code for each in tries] == [401] * len(tries)
    assert (await sns.sent(ses.path, good)).status_code == 200


async def _nowhere(product: Product, word: str) -> None:
    """No event in the log holds a word in plain."""
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        found = await connection.fetchval(
            "select count(*) from es.events where strpos(payload::text, $1) > 0", word
        )
    finally:
        await connection.close()
    assert found == 0
