"""What Amazon SES tells of mail through a topic of SNS, as events or as feedback:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html."""

from datetime import datetime

from domain.gateway.bodies import read_json
from domain.gateway.callbacks.mail_notices import (
    MESSAGE,
    MailItem,
    MailNotice,
    MailOutcome,
    address_of,
    details_of,
    message_of,
    status_of,
)
from domain.gateway.callbacks.notices import Json, id_of, object_in
from domain.gateway.envelope import read_instant

_OUTCOMES = {
    "Send": MailOutcome.PROCESSED,
    "DeliveryDelay": MailOutcome.DEFERRED,
    "Delivery": MailOutcome.DELIVERED,
    "Bounce": MailOutcome.BOUNCED,
    "Reject": MailOutcome.DROPPED,
    "Rendering Failure": MailOutcome.DROPPED,
    "Open": MailOutcome.OPENED,
    "Click": MailOutcome.CLICKED,
    "Complaint": MailOutcome.COMPLAINED,
    "Subscription": MailOutcome.UNSUBSCRIBED,
}
_PARTS = {
    "DeliveryDelay": ("deliveryDelay", "delayedRecipients", ("delayType",)),
    "Delivery": ("delivery", "recipients", ("processingTimeMillis",)),
    "Bounce": ("bounce", "bouncedRecipients", ("bounceType", "bounceSubType", "feedbackId")),
    "Complaint": (
        "complaint",
        "complainedRecipients",
        ("complaintFeedbackType", "complaintSubType", "feedbackId"),
    ),
    "Open": ("open", "", ()),
    "Click": ("click", "", ()),
    "Subscription": ("subscription", "", ()),
}
"""By kind: where what happened stands, whom it happened to, and what is kept of it."""


def items_of_ses(body: Json) -> list[MailItem]:
    """What a notification of SNS tells: one thing, or nothing where it tells of no mail."""
    if object_in(body).get("Type") != "Notification":
        return []
    key = id_of(object_in(body).get("MessageId"))
    try:
        said = read_json(object_in(body).get("Message") or "")
    except (ValueError, TypeError):
        return []
    if not key or not isinstance(said, dict):
        return []
    kind = said.get("eventType") or said.get("notificationType")
    part, whom, kept = _PARTS.get(kind if isinstance(kind, str) else "", ("", "", ()))
    mail, what = object_in(said, "mail"), object_in(said, part)
    recipients = what.get(whom) if whom else mail.get("destination")
    found = recipients if isinstance(recipients, list) and len(recipients) == 1 else [None]
    (recipient,) = found
    address = recipient.get("emailAddress") if isinstance(recipient, dict) else recipient
    details = {
        **details_of({"event": kind}, "event"),
        **details_of(mail, "messageId", "sendingAccountId"),
        **details_of(what, *kept),
    }
    message = _first(object_in(mail, "tags").get(MESSAGE))
    return [
        MailItem(
            key=key,
            keyed=True,
            occurred_at=_moment(what.get("timestamp")) or _moment(object_in(body).get("Timestamp")),
            notice=_notice(kind, what, object_in(recipient), message),
            address=address_of(address),
            details={**details, **details_of({MESSAGE: message}, MESSAGE)},
        )
    ]


def _notice(
    kind: Json, what: dict[str, Json], recipient: dict[str, Json], message: Json
) -> MailNotice | None:
    outcome = _OUTCOMES.get(kind) if isinstance(kind, str) else None
    if outcome is MailOutcome.UNSUBSCRIBED and not object_in(what, "newTopicPreferences").get(
        "unsubscribeAll"
    ):
        # Of one topic, or one that they wanted.
        return None
    if outcome is None:
        return None
    return MailNotice(
        outcome=outcome,
        message_id=message_of(message),
        permanent=what.get("bounceType") == "Permanent",
        status=status_of(recipient.get("status")),
    )


def _first(values: Json) -> Json:
    return values[0] if isinstance(values, list) and values else None


def _moment(text: Json) -> datetime | None:
    try:
        return read_instant(text)
    except ValueError:
        return None
