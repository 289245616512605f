"""Senders: nobody sends in the name of an address whose mail they do not read."""

import re
from datetime import timedelta
from uuid import UUID

from domain.campaigns.campaigns.senders import (
    AGAIN_AFTER,
    VERIFY_WITHIN,
    RegisterSender,
    RequestSenderVerification,
    SenderIdentity,
    SenderVerificationJustRequested,
    SenderVerificationNotValid,
    VerifySender,
    verification_id,
)
from domain.kit.clock import at
from domain.kit.refusals import Invalid
from domain.kit.scenario import NOON, given
from domain.processes.contacts.sender_mails import SenderMails
from tests.campaigns.test_preference_pages import FORM, mailed
from tests.kit.at_work import at_work
from tests.kit.client import Client
from tests.kit.product import Product

SENDER = UUID(int=3)
REGISTERED = SenderIdentity.Registered(name="Shop", address="shop@example.com")


def test_a_sender_is_registered_and_its_address_taken() -> None:
    given().when(RegisterSender(id=SENDER, name="Shop", address="shop@example.com")).then(REGISTERED)
    given().when(RegisterSender(id=SENDER, name="Shop", address="shop")).refused(Invalid, field="address")


def test_a_sender_is_verified_by_the_link_of_the_last_mail_once() -> None:
    request, requested = RequestSenderVerification(id=SENDER), SenderIdentity.VerificationRequested
    first, second = (VerifySender(id=SENDER, verification_id=verification_id(SENDER, n)) for n in (1, 2))
    asked, again, verified = requested(asking=1), requested(asking=2), SenderIdentity.Verified()
    not_valid = SenderVerificationNotValid
    given(REGISTERED).when(request).then(asked)
    given(REGISTERED, asked).when(request).refused(SenderVerificationJustRequested, field="id")
    given(REGISTERED, asked).when(first).then(verified)
    given(REGISTERED, asked, again).when(second).then(verified)
    given(REGISTERED, asked, verified).when(request).then()
    for spent in ((), (asked, again), (asked, verified)):
        given(REGISTERED, *spent).when(first).refused(not_valid, field="verification_id")
    sender = asked.stamped(SENDER, 2, NOON).mutate(REGISTERED.stamped(SENDER, 1, NOON).mutate(None))
    assert isinstance(sender, SenderIdentity)
    last = NOON + VERIFY_WITHIN
    assert sender.awaits(first.verification_id, last - timedelta(seconds=1))
    assert not sender.awaits(first.verification_id, last)
    with at(NOON + AGAIN_AFTER):
        request.handle(sender, NOON + AGAIN_AFTER)
    assert sender.decided() == [again]


async def verified(product: Product, client: Client, sender: str) -> None:
    """Verify a sender by the link that is mailed to it, which looking changes nothing of and which works once."""
    async with at_work(product.settings, SenderMails) as at:
        await client.send("RequestSenderVerification", input={"id": sender})
        repeated = await client.send("RequestSenderVerification", input={"id": sender})
        assert repeated["code"] == "sender_verification_just_requested"
        await at.idle(SenderMails, client.tenant)
    ((to, subject, text),) = mailed(product, client)
    assert (to, subject) == ("Shop@example.com", "May mail be sent in the name of this address?")
    found = re.search(r"https?://\S+(/verify-sender\?token=\S+)", text)
    assert found is not None
    link, form = found[1], {"content-type": FORM}
    for method in ("GET", "HEAD"):
        shown = await product.http.request(method, link)
        assert (shown.status_code, method == "HEAD" or "Shop@example.com" in shown.text) == (200, True)
    forged = await product.http.post(link[:-2] + "AA", headers=form)
    crossed = await product.http.post(link, headers={**form, "sec-fetch-site": "cross-site"})
    assert (forged.status_code, crossed.status_code) == (400, 400)
    assert not (await client.send("Sender", id=sender))["verified"]
    sent = [await product.http.post(link, headers=form) for _ in range(2)]
    assert [each.status_code for each in sent] == [200, 400]
    assert (await product.http.get(link)).status_code == 400
    assert (await client.send("Sender", id=sender))["verified"]
