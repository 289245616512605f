"""What Amazon SES tells of mail by a topic of SNS, whose certificates a server on this machine hands out."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from starlette.applications import Starlette

from api.kit.schema.services import Services
from app.gateway.callbacks.door import CallbackDoor
from app.gateway.callbacks.routes import callback_routes
from app.gateway.factory import gateway_ports
from app.gateway.ingestion import Ingestion
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.storage.certificates import make_certificates
from domain.gateway.callbacks.mail_notices import MESSAGE, MailNotice, MailOutcome
from domain.gateway.callbacks.ses_mail import items_of_ses
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock
from tests.gateway.authorities import chain
from tests.gateway.callbacks import Json, a_provider
from tests.gateway.certificate_keepers import AUTHORITY, Keeper, answer, keeper
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder, recorder

__all__ = ["recorder"]

from tests.gateway.mail_notices import nowhere, told

ADDRESS = "grace.hopper@navy.example"
HOST, TOPIC = "sns.eu-west-1.amazonaws.com", "arn:aws:sns:eu-west-1:123456789012:mail"
SNS_KEY = rsa.generate_private_key(65537, 2048)


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
    await nowhere(product, ADDRESS)


def test_a_topic_that_somebody_chose_unsubscribes_from_nothing() -> None:
    def told(**preferences: object) -> MailNotice | None:
        said = {"eventType": "Subscription", "subscription": {"newTopicPreferences": preferences}}
        (item,) = items_of_ses({"Type": "Notification", "MessageId": "1", "Message": json.dumps(said)})
        return item.notice

    assert told(unsubscribeAll=False) is None
    notice = told(unsubscribeAll=True)
    assert notice is not None
    assert notice.outcome is MailOutcome.UNSUBSCRIBED


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
