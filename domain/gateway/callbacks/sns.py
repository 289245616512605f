"""Messages of Amazon SNS: what is signed of them, and how a subscription is confirmed.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html."""

import re
from datetime import timedelta
from urllib.parse import parse_qs

from domain.gateway.callbacks.notices import Json
from domain.gateway.callbacks.providers import Callback
from domain.gateway.callbacks.signatures import SignedText, decoded
from domain.gateway.envelope import MAX_SKEW, read_instant
from domain.kit.process.web_address import read_web_address

LONGEST_RETRY = timedelta(hours=1)
"""SNS sends for an hour at most what is not taken, with the time of the first try."""
CONFIRMATION = "SubscriptionConfirmation"
NOTIFICATION = "Notification"
_PARTS = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What is signed of a message of a type, in this order."""
_HOST = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")


def sns_text(callback: Callback, body: Json, topic: str) -> SignedText | None:
    """What SNS has signed of a message of this topic; None for what they do not send now."""
    said = body if isinstance(body, dict) else {}
    parts = _PARTS.get(said["Type"]) if isinstance(said.get("Type"), str) else None
    if parts is None or not topic or said.get("TopicArn") != topic:
        return None
    pairs = [(name, said[name]) for name in parts if name in said]
    if not all(isinstance(value, str) for _, value in pairs):
        return None
    try:
        sent_at = read_instant(said.get("Timestamp"))
    except ValueError:
        return None
    if not callback.received_at - LONGEST_RETRY <= sent_at <= callback.received_at + MAX_SKEW:
        return None
    signature, certificate = said.get("Signature"), said.get("SigningCertURL")
    if not isinstance(signature, str) or not isinstance(certificate, str):
        return None
    return SignedText(
        text="".join(f"{name}\n{value}\n" for name, value in pairs).encode(errors="replace"),
        signature=decoded(signature),
        certificate=certificate,
        sha1=said.get("SignatureVersion") == "1",
    )


def confirmation_of(body: Json) -> str | None:
    """The address that is to be called to confirm a subscription; None where nothing is to be confirmed, or where
    it is none of SNS for this topic."""
    if not isinstance(body, dict) or body.get("Type") != CONFIRMATION:
        return None
    url = body.get("SubscribeURL")
    try:
        address = read_web_address(url if isinstance(url, str) else "")
        path, _, query = address.path.partition("?")
        parameters = parse_qs(query, strict_parsing=True, max_num_fields=10)
    except ValueError:
        return None
    of_sns = address.scheme == "https" and path == "/" and _HOST.fullmatch(address.host)
    expected = (parameters.get("Action"), parameters.get("TopicArn")) == (
        ["ConfirmSubscription"],
        [body["TopicArn"]],
    )
    return str(address) if of_sns and expected else None
